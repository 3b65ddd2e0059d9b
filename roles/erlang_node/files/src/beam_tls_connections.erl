%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% @doc Since when the node has been connected with each of the others. The runtime itself keeps no time of a connection, so that a
%% process takes it down as connections come and go (net_kernel:monitor_nodes/2).
-module(beam_tls_connections).

-export([start/0, ages/0]).

%% Milliseconds that a question may take.
-define(PATIENCE, 2000).

%% @doc Begins to watch, in a process of its own. Called by net_kernel while it starts, before there is any connection: what is asked of
%% net_kernel is answered once it has started.
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
            Now = erlang:monotonic_time(millisecond),
            [{Node, Now - Then} || {Node, Then} <- maps:to_list(Since)];
        {'DOWN', Watch, process, _, Reason} ->
            exit(Reason)
    after ?PATIENCE ->
        exit(timeout)
    end.

watch() ->
    try register(?MODULE, self()) of
        true ->
            _ = monitor(process, net_kernel),
            ok = net_kernel:monitor_nodes(true, [{node_type, all}]),
            watch(#{})
    catch
        %% A node that listens twice has one watch.
        error:badarg -> ok
    end.

watch(Since) ->
    receive
        {nodeup, Node, _} ->
            watch(Since#{Node => erlang:monotonic_time(millisecond)});
        {nodedown, Node, _} ->
            watch(maps:remove(Node, Since));
        {ages, Asking, Tag} ->
            Asking ! {Tag, Since},
            watch(Since);
        {'DOWN', _, process, _, _} ->
            ok;
        _ ->
            watch(Since)
    end.
