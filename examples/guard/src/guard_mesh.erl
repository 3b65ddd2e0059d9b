%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% Keeps the node's copy of the table in place, with whatever nodes it is connected with: who belongs to the mesh, and that they are connected, is
%% seen to where the node runs.
%%
%% Every change of membership is made under one lock of all connected nodes, so that nodes that start at the same moment take
%% turns: the first one begins the table, the others join.
-module(guard_mesh).
-behaviour(gen_server).
-export([start_link/0, status/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

-define(TICK, 1000).
-define(PEER_TIMEOUT, 3000).
%% An island seen apart for this many ticks is apart; one that is just connecting is not.
-define(APART, 4).

-record(mesh, {since, unloaded_since, apart = 0, last = wait, fault}).

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

status() ->
    gen_server:call(?MODULE, status, 60000).

init([]) ->
    self() ! tick,
    {ok, #mesh{since = now_seconds(), unloaded_since = now_seconds()}}.

handle_call(status, _From, Mesh) ->
    {reply, [{node, node()}, {connected, lists:sort(nodes())}, {last, Mesh#mesh.last}, {fault, Mesh#mesh.fault},
             {mnesia, guard_store:standing()}], Mesh}.

handle_cast(_Message, Mesh) ->
    {noreply, Mesh}.

handle_info(tick, Mesh) ->
    erlang:send_after(?TICK, self(), tick),
    {noreply, settle(Mesh)};
handle_info(_Message, Mesh) ->
    {noreply, Mesh}.

settle(Mesh) ->
    case global:trans({?MODULE, self()}, fun() -> locked(Mesh) end, [node() | nodes()], 0) of
        aborted -> Mesh;
        Settled -> load(Settled)
    end.

locked(#mesh{since = Since, apart = Apart} = Mesh) ->
    Peers = standings(nodes()),
    Waited = now_seconds() - Since >= application:get_env(guard, create_after, 3),
    Step = guard_store:decide(guard_store:standing(), Peers, Waited),
    case Step of
        {yield_to, _} when Apart < ?APART -> Mesh#mesh{apart = Apart + 1, last = Step};
        _ -> done(Mesh#mesh{apart = 0, last = Step}, take(Step))
    end.

take(wait) -> ok;
take(Step) ->
    try step(Step)
    catch
        error:Reason -> {error, Reason};
        exit:Reason -> {error, Reason}
    end.

step(keep) -> guard_store:keep();
step(create) -> guard_store:create();
step(return) -> guard_store:return();
step({join, Node}) -> guard_store:join(Node);
step({yield_to, Node}) -> guard_store:yield_to(Node).

done(Mesh, ok) ->
    Mesh#mesh{fault = undefined};
done(#mesh{fault = Reason} = Mesh, {error, Reason}) ->
    Mesh;
done(#mesh{last = Step} = Mesh, {error, Reason}) ->
    logger:info("~p did not work yet: ~p", [Step, Reason]),
    Mesh#mesh{fault = Reason}.

load(#mesh{unloaded_since = Since} = Mesh) ->
    Waited = now_seconds() - Since >= application:get_env(guard, force_load_after, 60),
    case guard_store:all() of
        {ok, _} -> Mesh#mesh{unloaded_since = now_seconds()};
        {error, _} when Waited ->
            logger:warning("nodes that may know of more attacks are away; loading the list without them"),
            done(Mesh#mesh{unloaded_since = now_seconds()}, take_force());
        {error, _} -> Mesh
    end.

take_force() ->
    case guard_store:standing() of
        #{table := true} -> guard_store:force_load();
        _ -> ok
    end.

standings(Nodes) ->
    Requests = [{Node, erpc:send_request(Node, guard_store, standing, [])} || Node <- Nodes],
    lists:flatmap(fun({Node, Request}) ->
                          try [{Node, erpc:receive_response(Request, ?PEER_TIMEOUT)}]
                          catch
                              _:_ -> []
                          end
                  end, Requests).

now_seconds() ->
    erlang:monotonic_time(second).
