%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% @doc Holds the node's connections to its table of peers. One process sees every node that comes and goes (net_kernel:monitor_nodes/2), and
%%
%% - connects with the peers of the table: when the node has begun to listen, after a loss, and when the table has changed;
%% - ends the connection of a node that the table does not admit, hidden or not, whoever opened it, and has the other nodes do the same;
%% - knows since when each connection has stood, of which the runtime itself keeps no time.
-module(beam_tls_connections).

-export([start/0, ages/0, table_changed/0]).

%% Milliseconds that a question may take.
-define(PATIENCE, 2000).
%% Milliseconds from one attempt to reach a peer to the next, at first and at most. Each is twice the one before, and shortened by
%% up to a half at random, so that nodes do not all try at the same moment.
-define(SOON, 500).
-define(LATE, 60000).
%% Milliseconds until the first attempt after a loss, at most.
-define(LOST, 2000).
%% A connection that has stood for so many milliseconds was a good one: after its loss attempts begin anew.
-define(STOOD, 10000).
%% After so many attempts the log says that a peer is not reached; it says no more until the peer is.
-define(SAID, 5).
%% Milliseconds that a node without a place in the table has to leave by itself, and between two requests to do so.
-define(LEAVE, 1000).
-define(ASK, 100).
%% Milliseconds for which the log says nothing of a node that comes in again and again.
-define(QUIET, 3600000).

%% What is done to reach a peer: how often it failed, and the timer or the process of the attempt that is next or under way.
-record(attempt, {failed = 0, next = none}).
%% Connected nodes with their type and since when; attempts by peer; processes that part with a node, by node; when that was last logged; nodes that another
%% node has parted with.
-record(state, {up = #{}, attempts = #{}, parting = #{}, logged = #{}, gone = []}).

%% @doc Begins, in a process of its own. Called by net_kernel while it starts, before there is any connection.
-spec start() -> ok.
start() ->
    _ = spawn(fun watch/0),
    ok.

%% @doc The nodes connected, hidden ones included, and for how many milliseconds each has been.
-spec ages() -> [{node(), non_neg_integer()}].
ages() ->
    Watch = monitor(process, ?MODULE),
    ?MODULE ! {ages, self(), Watch},
    receive
        {Watch, Since} ->
            demonitor(Watch, [flush]),
            Now = now_milliseconds(),
            [{Node, Now - Then} || {Node, Then} <- Since];
        {'DOWN', Watch, process, _, Reason} ->
            exit(Reason)
    after ?PATIENCE ->
        exit(timeout)
    end.

%% @doc Has the connections follow the table as it is now. Peers that are not connected are tried at once, as what kept them away may
%% have changed with it: their place, or a certificate.
-spec table_changed() -> ok.
table_changed() ->
    case whereis(?MODULE) of
        undefined -> ok;
        Watch -> Watch ! table_changed, ok
    end.

watch() ->
    try register(?MODULE, self()) of
        true ->
            _ = monitor(process, net_kernel),
            ok = net_kernel:monitor_nodes(true, [{node_type, all}]),
            started() andalso watch(try_all(#state{}))
    catch
        %% A node that listens twice has one watch.
        error:badarg -> ok
    end.

%% Waits until the node has its name, which takes the time of a port mapper's answer where it registers with one: without a name it is in no table, and
%% would try nobody. The question is answered once net_kernel has started.
started() ->
    try net_kernel:allowed() of
        _ -> true
    catch
        exit:_ -> false
    end.

watch(State) ->
    receive
        {nodeup, Node, _} when Node =:= node() ->
            watch(State);
        {nodeup, Node, Info} ->
            Type = proplists:get_value(node_type, Info, visible),
            watch(came(Node, Type, State#state{up = (State#state.up)#{Node => {Type, now_milliseconds()}}}));
        {nodedown, Node, _} ->
            watch(went(Node, State));
        {again, Node} ->
            watch(try_one(Node, State));
        {ended, Pid, Outcome} ->
            watch(ended(Pid, Outcome, State));
        table_changed ->
            watch(try_all(part_all(State#state{attempts = maps:map(fun renewed/2, State#state.attempts), gone = []})));
        {gone, Node} ->
            watch(gone(Node, State));
        {ages, Asking, Tag} ->
            Asking ! {Tag, [{Node, Since} || {Node, {_, Since}} <- maps:to_list(State#state.up)]},
            watch(State);
        {'DOWN', _, process, {net_kernel, _}, _} ->
            ok;
        {'DOWN', _, process, Pid, _} ->
            watch(ended(Pid, false, State));
        _ ->
            watch(State)
    end.

came(Node, Type, #state{attempts = Attempts} = State) ->
    case admits(Node, Type, State) of
        true ->
            case Attempts of
                #{Node := #attempt{failed = Failed}} when Failed >= ?SAID -> said(notice, "~ts is connected again", [Node]);
                _ -> ok
            end,
            State;
        false ->
            part(Node, State)
    end.

went(Node, #state{up = Up, attempts = Attempts} = State) ->
    Attempt = maps:get(Node, Attempts, #attempt{}),
    Failed = case Up of
                 #{Node := {_, Since}} -> case now_milliseconds() - Since < ?STOOD of true -> Attempt#attempt.failed; false -> 0 end;
                 _ -> Attempt#attempt.failed
             end,
    later(Node, ?LOST, Attempt#attempt{failed = Failed}, State#state{up = maps:remove(Node, Up)}).

%% Connecting

%% The peers that this node keeps connected with: those of the table it stands in itself, but for the programs that use the table under another name.
wanted(#state{gone = Gone}) ->
    Peers = beam_tls_epmd:peers() -- Gone,
    case beam_tls_epmd:connects() andalso lists:member(node(), Peers) of
        true -> lists:delete(node(), Peers);
        false -> []
    end.

try_all(State) ->
    lists:foldl(fun try_one/2, State, wanted(State)).

%% One attempt, in a process of its own, as it can take seconds; unless the peer is connected, unwanted by now, or being tried.
try_one(Node, #state{up = Up, attempts = Attempts} = State) ->
    case {maps:get(Node, Attempts, #attempt{}), is_map_key(Node, Up), lists:member(Node, wanted(State))} of
        {#attempt{next = Pid}, false, true} when is_pid(Pid) ->
            State;
        {#attempt{next = Next} = Attempt, false, true} ->
            _ = is_reference(Next) andalso erlang:cancel_timer(Next),
            Pid = beside(fun() -> net_kernel:connect_node(Node) =:= true end),
            State#state{attempts = Attempts#{Node => Attempt#attempt{next = Pid}}};
        {#attempt{} = Attempt, _, true} ->
            State#state{attempts = Attempts#{Node => Attempt#attempt{next = none}}};
        {_, _, false} ->
            State#state{attempts = maps:remove(Node, Attempts)}
    end.

%% The next attempt comes after a while, the longer the more have failed.
later(Node, Least, Attempt, #state{attempts = Attempts} = State) ->
    case {lists:member(Node, wanted(State)), Attempt} of
        {true, #attempt{next = none, failed = Failed}} ->
            Longest = max(Least, min(?LATE, ?SOON bsl min(Failed, 10))),
            Timer = erlang:send_after(Longest div 2 + rand:uniform(Longest div 2), self(), {again, Node}),
            State#state{attempts = Attempts#{Node => Attempt#attempt{next = Timer}}};
        {true, _} ->
            State#state{attempts = Attempts#{Node => Attempt}};
        {false, _} ->
            State#state{attempts = maps:remove(Node, Attempts)}
    end.

renewed(_Node, #attempt{next = Next}) when is_reference(Next) ->
    _ = erlang:cancel_timer(Next),
    #attempt{};
renewed(_Node, Attempt) ->
    Attempt#attempt{failed = 0}.

%% A process that tried to reach a peer, or to part with a node, is through.
ended(Pid, Outcome, #state{attempts = Attempts, parting = Parting} = State) ->
    case {[Found || {_, #attempt{next = Next}} = Found <- maps:to_list(Attempts), Next =:= Pid],
          [Node || {Node, Next} <- maps:to_list(Parting), Next =:= Pid]} of
        {[{Node, Attempt}], _} -> tried(Node, Outcome, Attempt#attempt{next = none}, State);
        {[], [Node]} -> parted(Node, State#state{parting = maps:remove(Node, Parting)});
        {[], []} -> State
    end.

tried(Node, true, Attempt, #state{up = Up, attempts = Attempts} = State) when is_map_key(Node, Up) ->
    State#state{attempts = Attempts#{Node => Attempt}};
tried(Node, true, Attempt, State) ->
    later(Node, ?SOON, Attempt, State);
tried(Node, false, #attempt{failed = Failed} = Attempt, #state{up = Up} = State) ->
    Connected = is_map_key(Node, Up),
    case Failed + 1 of
        ?SAID when not Connected ->
            said(warning, "~ts is not reached; this node goes on trying, at most once in ~b s", [Node, ?LATE div 1000]);
        _ ->
            ok
    end,
    later(Node, ?SOON, Attempt#attempt{failed = Failed + 1}, State).

%% Parting

admits(Node, Type, #state{gone = Gone}) ->
    beam_tls_epmd:admits(Node, Type) andalso not lists:member(Node, Gone).

part_all(#state{up = Up} = State) ->
    Left = [{Node, Type} || {Node, {Type, _}} <- maps:to_list(Up), not beam_tls_epmd:admits(Node, Type)],
    _ = [{?MODULE, Peer} ! {gone, Node} || {Node, visible} <- Left, Peer <- wanted(State), is_map_key(Peer, Up)],
    lists:foldl(fun part/2, State, [Node || {Node, _} <- Left]).

%% A node whose table comes a little later would have the one back that has left, which would fail to reach those whom it may not reach any
%% more, and have us part with them (kernel, prevent_overlapping_partitions). So it stays away until this node's own table changes.
gone(Node, #state{up = Up, gone = Gone} = State) ->
    case Node =/= node() andalso lists:member(Node, beam_tls_epmd:peers() -- Gone) of
        true ->
            try
                beam_tls_epmd:withdraw([Node])
            catch
                _:_ -> ok
            end,
            Now = State#state{gone = [Node | Gone]},
            case is_map_key(Node, Up) of
                true -> part(Node, Now);
                false -> Now
            end;
        false ->
            State
    end.

part(Node, #state{parting = Parting} = State) when is_map_key(Node, Parting) ->
    State;
part(Node, #state{up = Up, parting = Parting, logged = Logged} = State) ->
    #{Node := {Type, _}} = Up,
    Now = now_milliseconds(),
    Said = case Logged of
               #{Node := Then} when Now - Then < ?QUIET ->
                   Logged;
               _ ->
                   said(warning, "~ts has no place in the table of peers; its connection ends", [Node]),
                   Logged#{Node => Now}
           end,
    State#state{parting = Parting#{Node => beside(fun() -> leave(Node, Type, Now + ?LEAVE) end)}, logged = Said}.

parted(Node, #state{up = Up} = State) ->
    case Up of
        #{Node := {Type, _}} ->
            case admits(Node, Type, State) of
                true -> State;
                false -> part(Node, State)
            end;
        _ ->
            State
    end.

%% Likewise, a node that loses a connection has the others part with whom it lost (kernel, prevent_overlapping_partitions). If this node just
%% disconnected, the other one would have its peers, our own among them, part with us. So its process global is asked for what those processes ask
%% each other for where somebody has to leave: it disconnects and tells nobody. A node that does not know this, or does not obey, is cut off; so
%% is a hidden one, of whom global knows nothing.
leave(Node, visible, Until) ->
    case lists:member(Node, nodes(connected)) andalso now_milliseconds() < Until of
        true ->
            _ = erlang:send({global_name_server, Node}, {remove_connection, node()}, [noconnect]),
            timer:sleep(?ASK),
            leave(Node, visible, Until);
        false ->
            leave(Node, hidden, Until)
    end;
leave(Node, hidden, _Until) ->
    erlang:disconnect_node(Node).

%% Early in the boot there is no log yet.
said(Level, Format, Arguments) ->
    try
        logger:log(Level, Format, Arguments)
    catch
        _:_ -> ok
    end.

%% Runs a function in a process that tells what came of it, or dies.
beside(Work) ->
    Self = self(),
    {Pid, _} = spawn_monitor(fun() -> Self ! {ended, self(), Work()} end),
    Pid.

now_milliseconds() ->
    erlang:monotonic_time(millisecond).
