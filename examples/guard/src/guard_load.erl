%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% Load to try a change of the mesh under, and what came of it. Off unless the parameter load of the application names a directory.
%%
%% Once a second the node sends a numbered message to every other node that it has ever seen, which is acknowledged, and puts a report
%% into the table that all nodes share. What was sent, what was acknowledged and which nodes were there is written to a log in that
%% directory, so that a node that ends, however it ends, goes on counting when it starts again. The addresses of the reports are of the
%% block for benchmarks, 2001:2::/48 (RFC 5180), and no attacker's.
-module(guard_load).
-behaviour(gen_server).
-export([start_link/0, figures/0, count/2]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, terminate/2]).

-define(LOG, guard_load_log).
-define(INTERVAL, 1000).

-record(load, {log, run, number = 0, peers = [], writer, connected = []}).

%% An entry of the log; At is the system time in milliseconds. A run is a start of the node, known by when it was.
-type entry() ::
        {started, At :: integer(), Peers :: [node()]}
      | {seen, node()}
      | {sent, At :: integer(), Run :: integer(), Number :: pos_integer(), [node()]}
      | {acknowledged, Run :: integer(), Number :: pos_integer(), node()}
      | {received, node(), Run :: integer(), Number :: pos_integer()}
      | {connected, At :: integer(), [node()]}
      | {written, guard:attack()}
      | {stopped, At :: integer()}.

%% What the log tells. A message is lost if it was not acknowledged and was sent before the moment of asking, less a few seconds;
%% a write is lost if it was acknowledged and the table does not have it. An interval is a time in which the node, after it had
%% once seen the whole mesh since its start, saw two nodes or more of it missing; its end is the moment of asking if it lasts still.
-type figures() ::
        #{node := node(), starts := non_neg_integer(), edges := #{node() => edge()},
          written := non_neg_integer(), written_and_lost := [guard:attack()],
          connected := [{At :: integer(), [node()]}], short := [{From :: integer(), To :: integer(), Fewest :: pos_integer()}]}.
-type edge() :: #{sent := non_neg_integer(), acknowledged := non_neg_integer(), lost := non_neg_integer(), received := non_neg_integer()}.
-export_type([entry/0, figures/0]).

%% A message that is not acknowledged after this many milliseconds is lost.
-define(LATE, 5000).

-spec start_link() -> {ok, pid()} | ignore | {error, term()}.
start_link() ->
    case application:get_env(guard, load) of
        {ok, Directory} -> gen_server:start_link({local, ?MODULE}, ?MODULE, Directory, []);
        undefined -> ignore
    end.

%% What was counted since the log began; fails where load is off.
-spec figures() -> figures().
figures() ->
    gen_server:call(?MODULE, figures, 60000).

init(Directory) ->
    process_flag(trap_exit, true),
    File = filename:join(Directory, "load.log"),
    ok = filelib:ensure_dir(File),
    case disk_log:open([{name, ?LOG}, {file, File}]) of
        {ok, ?LOG} -> ok;
        {repaired, ?LOG, _Recovered, _Bad} -> ok
    end,
    Peers = lists:usort([Node || {seen, Node} <- entries()]),
    Run = now_milliseconds(),
    ok = disk_log:log(?LOG, {started, Run, Peers}),
    ok = net_kernel:monitor_nodes(true),
    self() ! tick,
    Load = see(nodes(), #load{run = Run, peers = Peers}),
    {ok, connected(Load#load{writer = writer(Run)})}.

handle_call(figures, _From, Load) ->
    ok = disk_log:sync(?LOG),
    {reply, count(entries(), #{now => now_milliseconds(), has => fun guard_store:has/1}), Load}.

handle_cast(_Message, Load) ->
    {noreply, Load}.

handle_info(tick, #load{run = Run, number = Last, peers = Peers} = Load) ->
    erlang:send_after(?INTERVAL, self(), tick),
    Number = Last + 1,
    ok = disk_log:log(?LOG, {sent, now_milliseconds(), Run, Number, Peers}),
    %% Which of them is connected is seen to elsewhere; a node that is not is no reason to wait.
    _ = [erlang:send({?MODULE, Peer}, {load, node(), Run, Number}, [noconnect]) || Peer <- Peers],
    {noreply, Load#load{number = Number}};
handle_info({load, Node, Run, Number}, Load) when is_atom(Node), is_integer(Run), is_integer(Number) ->
    ok = disk_log:log(?LOG, {received, Node, Run, Number}),
    _ = erlang:send({?MODULE, Node}, {acknowledged, node(), Run, Number}, [noconnect]),
    {noreply, Load};
handle_info({acknowledged, Node, Run, Number}, Load) when is_atom(Node), is_integer(Run), is_integer(Number) ->
    ok = disk_log:log(?LOG, {acknowledged, Run, Number, Node}),
    {noreply, Load};
handle_info({written, Writer, Attack}, #load{writer = Writer} = Load) ->
    ok = disk_log:log(?LOG, {written, Attack}),
    ok = disk_log:sync(?LOG),
    {noreply, Load};
handle_info({nodeup, Node}, Load) ->
    {noreply, connected(see([Node], Load))};
handle_info({nodedown, _Node}, Load) ->
    {noreply, connected(Load)};
handle_info({'EXIT', Writer, Reason}, #load{writer = Writer} = Load) ->
    {stop, Reason, Load};
handle_info(_Message, Load) ->
    {noreply, Load}.

terminate(_Reason, _Load) ->
    _ = disk_log:log(?LOG, {stopped, now_milliseconds()}),
    disk_log:close(?LOG).

see(Nodes, #load{peers = Peers} = Load) ->
    New = Nodes -- Peers,
    _ = [ok = disk_log:log(?LOG, {seen, Node}) || Node <- New],
    Load#load{peers = lists:usort(New ++ Peers)}.

connected(#load{connected = Before} = Load) ->
    case lists:sort(nodes()) of
        Before -> Load;
        Connected ->
            ok = disk_log:log(?LOG, {connected, now_milliseconds(), Connected}),
            Load#load{connected = Connected}
    end.

%% A process of its own, as a write waits for Mnesia, and Mnesia for nodes that go.
writer(Run) ->
    Server = self(),
    spawn_link(fun() -> write(Server, Run, 1) end).

write(Server, Run, Number) ->
    Attack = {address(Run, Number), node(), erlang:system_time(second)},
    _ = case guard_store:merge([Attack]) of
        ok -> Server ! {written, self(), Attack};
        {error, _NotThereYet} -> not_acknowledged
    end,
    timer:sleep(?INTERVAL),
    write(Server, Run, Number + 1).

address(Run, Number) ->
    Seconds = Run div 1000,
    inet:ntoa({16#2001, 2, 0, erlang:phash2(node(), 1 bsl 16), Seconds bsr 16 band 16#ffff, Seconds band 16#ffff,
               Number bsr 16 band 16#ffff, Number band 16#ffff}).

entries() ->
    entries(disk_log:chunk(?LOG, start)).

entries(eof) -> [];
entries({error, _Reason}) -> [];
entries({Next, Terms}) -> Terms ++ entries(disk_log:chunk(?LOG, Next));
entries({Next, Terms, _Bad}) -> Terms ++ entries(disk_log:chunk(?LOG, Next)).

%% What entries of a log tell, at a moment (now) and with a table that has some writes (has).
-spec count([entry()], #{now := integer(), has := fun((guard:attack()) -> boolean())}) -> figures().
count(Entries, #{now := Now, has := Has}) ->
    Written = [Attack || {written, Attack} <- Entries],
    #{node => node(),
      starts => length([Run || {started, Run, _} <- Entries]),
      edges => edges(Entries, Now),
      written => length(Written),
      written_and_lost => [Attack || Attack <- Written, not Has(Attack)],
      connected => [{At, Nodes} || {connected, At, Nodes} <- Entries],
      short => short(Entries, Now)}.

edges(Entries, Now) ->
    Acknowledged = maps:from_keys([{Run, Number, Node} || {acknowledged, Run, Number, Node} <- Entries], true),
    Sent = [{Node, At, maps:is_key({Run, Number, Node}, Acknowledged)} || {sent, At, Run, Number, Nodes} <- Entries, Node <- Nodes],
    Received = [Node || {received, Node, _Run, _Number} <- Entries],
    maps:from_list([{Peer, edge([{At, Answered} || {Node, At, Answered} <- Sent, Node =:= Peer], Now,
                                length([Node || Node <- Received, Node =:= Peer]))}
                    || Peer <- lists:usort([Node || {Node, _, _} <- Sent] ++ Received)]).

edge(Sent, Now, Received) ->
    #{sent => length(Sent),
      acknowledged => length([At || {At, true} <- Sent]),
      lost => length([At || {At, false} <- Sent, At < Now - ?LATE]),
      received => Received}.

%% Walks through what was seen: before the whole mesh was, since the start; then, in full strength; then, with nodes missing.
short(Entries, Now) ->
    Whole = length(lists:usort([Node || {seen, Node} <- Entries])) + 1,
    short(Entries, Now, Whole, starting).

short([], Now, _Whole, {since, From, Fewest}) -> [{From, Now, Fewest}];
short([], _Now, _Whole, _Seen) -> [];
short([{started, _At, _Peers} | Entries], Now, Whole, _Seen) -> short(Entries, Now, Whole, starting);
short([{stopped, At} | Entries], Now, Whole, Seen) -> ended(Seen, At, short(Entries, Now, Whole, starting));
short([{connected, At, Nodes} | Entries], Now, Whole, Seen) ->
    case {length(Nodes) + 1, Seen} of
        {Whole, _} -> ended(Seen, At, short(Entries, Now, Whole, enough));
        {_, starting} -> short(Entries, Now, Whole, starting);
        {Here, _} when Here >= Whole - 1 -> ended(Seen, At, short(Entries, Now, Whole, enough));
        {Here, {since, From, Fewest}} -> short(Entries, Now, Whole, {since, From, min(Here, Fewest)});
        {Here, enough} -> short(Entries, Now, Whole, {since, At, Here})
    end;
short([_ | Entries], Now, Whole, Seen) -> short(Entries, Now, Whole, Seen).

ended({since, From, Fewest}, At, Rest) -> [{From, At, Fewest} | Rest];
ended(_Seen, _At, Rest) -> Rest.

now_milliseconds() ->
    erlang:system_time(millisecond).
