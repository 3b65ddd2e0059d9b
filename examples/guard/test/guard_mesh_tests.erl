%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% The mesh on real nodes: four on loopback, each with a directory of its own. The test talks to them over their standard
%% input and output, so that what is cut between the nodes is not cut from the test.
-module(guard_mesh_tests).
-include_lib("eunit/include/eunit.hrl").
-export([keep_connected/1]).

-define(COOKIE, 'a-cookie-for-tests').
-define(PATIENCE, 40000).
-define(AT_ONCE, 10000).

-record(mesh, {directory, port, keeper, cookie = ?COOKIE, strangers = [], overlap = false, load = false, controls = #{}}).

%% Each mesh has a port and directories of its own.
mesh_test_() ->
    {inparallel, [simultaneous_start(), both_names(), hostile_messages(),
                  late_join(), lost_node(), lost_disc(),
                  whole_mesh_restarted(), partition(), two_beginnings(), joined_by_a_third(), islands_that_share_a_node(), under_load()]}.

%% Nodes that start at the same moment begin one table, all with a copy on disc, and know of each other's attacks.
simultaneous_start() ->
    meshed("simultaneous start", [1, 2, 3, 4], fun(Mesh) ->
        together(Mesh, [1, 2, 3, 4]),
        ok = call(Mesh, 2, guard, report, ["198.51.100.7"]),
        [wait_known(Mesh, Number, ["198.51.100.7"], ?AT_ONCE) || Number <- [1, 2, 3, 4]]
    end).

%% Every node is reached under both of the howto's names.
both_names() ->
    meshed("both names", [1, 2], fun(Mesh) ->
        together(Mesh, [1, 2]),
        wait("the global name", fun() -> is_pid(call(Mesh, 1, global, whereis_name, [{guard, host(2)}])) end, ?AT_ONCE),
        Pid = call(Mesh, 1, global, whereis_name, [{guard, host(2)}]),
        ?assertEqual(Pid, call(Mesh, 2, erlang, whereis, [guard]))
    end).

%% What comes to the registered name and is no warning changes nothing, and stops nothing.
hostile_messages() ->
    meshed("hostile messages", [1], fun(Mesh) ->
        wait_table(Mesh, 1),
        Server = call(Mesh, 1, erlang, whereis, [guard]),
        [call(Mesh, 1, erlang, send, [guard, Message])
         || Message <- [attack, {self(), attack}, {self(), {attack, "no address", 'guard@x', 1}},
                        {self(), {attack, [$1 | 2], 'guard@x', 1}}, {self(), {attack, "198.51.100.9", "guard", 1}},
                        {self(), {attack, "198.51.100.9", 'guard@x', -1}}, {self(), {attack, "198.51.100.9", 'guard@x', 1 bsl 70}},
                        {nobody, {attack, "198.51.100.9", 'guard@x', 1}}, {'$gen_cast', x}]],
        ?assertEqual([], known(Mesh, 1)),
        ?assertEqual(Server, call(Mesh, 1, erlang, whereis, [guard])),
        call(Mesh, 1, erlang, send, [guard, {self(), {attack, "198.51.100.9", 'guard@x', 1}}]),
        wait_known(Mesh, 1, ["198.51.100.9"], ?AT_ONCE)
    end).

%% Some begin without waiting for ever for the rest; who comes later knows what was there before.
late_join() ->
    meshed("late join", [1, 2], fun(Mesh) ->
        together(Mesh, [1, 2]),
        ok = call(Mesh, 1, guard, report, ["198.51.100.1"]),
        Grown = started(Mesh, [3]),
        wait_known(Grown, 3, ["198.51.100.1"], ?PATIENCE),
        ok = call(Grown, 3, guard, report, ["2001:db8::7"]),
        [wait_known(Grown, Number, ["198.51.100.1", "2001:db8::7"], ?AT_ONCE) || Number <- [1, 2, 3]]
    end).

%% The list survives the loss of a node; the node comes back and knows what it missed.
lost_node() ->
    meshed("lost node", [1, 2, 3], fun(Mesh) ->
        together(Mesh, [1, 2, 3]),
        ok = call(Mesh, 1, guard, report, ["198.51.100.1"]),
        [wait_known(Mesh, Number, ["198.51.100.1"], ?AT_ONCE) || Number <- [1, 2, 3]],
        Less = killed(Mesh, 1),
        ok = call(Less, 2, guard, report, ["198.51.100.2"]),
        [wait_known(Less, Number, ["198.51.100.1", "198.51.100.2"], ?AT_ONCE) || Number <- [2, 3]],
        Again = started(Less, [1]),
        wait_known(Again, 1, ["198.51.100.1", "198.51.100.2"], ?PATIENCE),
        together(Again, [1, 2, 3])
    end).

%% A node that lost its disc takes part again under its old name.
lost_disc() ->
    meshed("lost disc", [1, 2], fun(Mesh) ->
        together(Mesh, [1, 2]),
        ok = call(Mesh, 2, guard, report, ["198.51.100.3"]),
        wait_known(Mesh, 1, ["198.51.100.3"], ?AT_ONCE),
        Less = killed(Mesh, 1),
        ok = file:del_dir_r(disc(Mesh, 1)),
        Again = started(Less, [1]),
        wait_known(Again, 1, ["198.51.100.3"], ?PATIENCE),
        together(Again, [1, 2])
    end).

%% All are killed and all start again: the list is there.
whole_mesh_restarted() ->
    meshed("whole mesh restarted", [1, 2, 3], fun(Mesh) ->
        together(Mesh, [1, 2, 3]),
        ok = call(Mesh, 3, guard, report, ["198.51.100.4"]),
        [wait_known(Mesh, Number, ["198.51.100.4"], ?AT_ONCE) || Number <- [1, 2, 3]],
        Again = started(killed(killed(killed(Mesh, 1), 2), 3), [3, 1, 2]),
        [wait_known(Again, Number, ["198.51.100.4"], ?PATIENCE) || Number <- [1, 2, 3]],
        together(Again, [1, 2, 3])
    end).

%% Both sides of a partition go on; when they meet again, everybody knows what anybody was told.
partition() ->
    meshed("partition", [1, 2, 3, 4], fun(Mesh) ->
        together(Mesh, [1, 2, 3, 4]),
        cut(Mesh, [1, 2], [3, 4]),
        wait("two islands", fun() -> islands(Mesh, [1, 2, 3, 4]) =:= [[name(1), name(2)], [name(3), name(4)]] end, ?PATIENCE),
        ok = call(Mesh, 1, guard, report, ["198.51.100.5"]),
        ok = call(Mesh, 4, guard, report, ["198.51.100.6"]),
        wait_known(Mesh, 2, ["198.51.100.5"], ?AT_ONCE),
        wait_known(Mesh, 3, ["198.51.100.6"], ?AT_ONCE),
        ?assertEqual(["198.51.100.5"], known(Mesh, 1)),
        ?assertEqual(["198.51.100.6"], known(Mesh, 4)),
        mend(Mesh, [1, 2], [3, 4]),
        [wait_known(Mesh, Number, ["198.51.100.5", "198.51.100.6"], ?PATIENCE) || Number <- [1, 2, 3, 4]],
        together(Mesh, [1, 2, 3, 4])
    end).

%% Two that began without each other have one list when they meet.
two_beginnings() ->
    meshed("two beginnings", [1], fun(Mesh) ->
        Both = started(Mesh#mesh{cookie = 'another-cookie'}, [3]),
        [wait_table(Both, Number) || Number <- [1, 3]],
        ok = call(Both, 1, guard, report, ["198.51.100.1"]),
        ok = call(Both, 3, guard, report, ["198.51.100.3"]),
        mend(Both, [1], [3]),
        [wait_known(Both, Number, ["198.51.100.1", "198.51.100.3"], ?PATIENCE) || Number <- [1, 3]],
        together(Both, [1, 3])
    end).

%% Of two that are to take part in the table of a third, and do not see each other yet, one does at once, and the other when it sees all that do.
joined_by_a_third() ->
    meshed("joined by a third", [], fun(Empty) ->
        First = started(Empty#mesh{strangers = [2, 3], overlap = true}, [1]),
        wait_table(First, 1),
        Mesh = started(First, [2, 3]),
        wait("one that takes part", fun() -> length(copies(Mesh, 1)) > 1 end, ?PATIENCE),
        ok = call(Mesh, 1, guard_store, merge, [[{"198.51.100.1", name(1), 1}]]),
        mend(Mesh, [2], [3]),
        together(Mesh, [1, 2, 3]),
        ok = call(Mesh, 3, guard_store, merge, [[{"198.51.100.3", name(3), 1}]]),
        [wait_known(Mesh, Number, ["198.51.100.1", "198.51.100.3"], ?AT_ONCE) || Number <- [1, 2, 3]]
    end).

%% Two nodes lose each other and not the third: two islands that share a node, where the kernel is told not to prevent that. They are one when the two meet again.
islands_that_share_a_node() ->
    meshed("islands that share a node", [], fun(Empty) ->
        Mesh = started(Empty#mesh{overlap = true}, [1, 2, 3]),
        together(Mesh, [1, 2, 3]),
        cut(Mesh, [2], [3]),
        [wait("an island", fun() -> islands(Mesh, [Number]) =:= [[name(1), name(Number)]] end, ?PATIENCE) || Number <- [2, 3]],
        ok = call(Mesh, 2, guard_store, merge, [[{"198.51.100.2", name(2), 1}]]),
        ok = call(Mesh, 3, guard_store, merge, [[{"198.51.100.3", name(3), 1}]]),
        ?assertEqual({["198.51.100.2"], ["198.51.100.3"]}, {known(Mesh, 2), known(Mesh, 3)}),
        mend(Mesh, [2], [3]),
        together(Mesh, [1, 2, 3]),
        [wait_known(Mesh, Number, ["198.51.100.2", "198.51.100.3"], ?PATIENCE) || Number <- [1, 2, 3]]
    end).

%% What was written while a node was killed and came back is all there, and the messages that nobody got are known.
under_load() ->
    meshed("under load", [], fun(Empty) ->
        Mesh = started(Empty#mesh{load = true}, [1, 2, 3]),
        together(Mesh, [1, 2, 3]),
        [wait("messages on each edge, and writes", fun() -> at_work(Mesh, Number) end, ?PATIENCE) || Number <- [1, 2, 3]],
        #{sent := Sent, acknowledged := Acknowledged} = edge(Mesh, 1, 2),
        Less = killed(Mesh, 3),
        wait("a message that nobody got", fun() -> lost(Less, 1, 3) > 0 end, ?PATIENCE),
        Again = started(Less, [3]),
        together(Again, [1, 2, 3]),
        [wait("ready", fun() -> call(Again, Number, guard, ready, []) end, ?PATIENCE) || Number <- [1, 2, 3]],
        [?assertMatch(#{starts := Starts, written := Written, written_and_lost := [], short := []} when Written > 0,
                      call(Again, Number, guard_load, figures, []))
         || {Number, Starts} <- [{1, 1}, {2, 1}, {3, 2}]],
        %% But for those that were sent before the other one had begun.
        ?assert(lost(Again, 1, 2) =< Sent - Acknowledged)
    end).

at_work(Mesh, Number) ->
    #{edges := Edges, written := Written} = call(Mesh, Number, guard_load, figures, []),
    Written > 0 andalso
        2 =:= length([Peer || {Peer, #{acknowledged := Acknowledged, received := Received}} <- maps:to_list(Edges), Acknowledged > 0, Received > 0]).

lost(Mesh, Number, Peer) ->
    maps:get(lost, edge(Mesh, Number, Peer)).

edge(Mesh, Number, Peer) ->
    #{edges := Edges} = call(Mesh, Number, guard_load, figures, []),
    maps:get(name(Peer), Edges).

%% The nodes

meshed(Title, Numbers, Test) ->
    {setup,
     fun() -> {Keeper, Port} = port_keeper(), #mesh{directory = new_directory(), port = Port, keeper = Keeper} end,
     fun(#mesh{keeper = Keeper, directory = Directory}) -> Keeper ! stop, file:del_dir_r(Directory) end,
     fun(Mesh) -> {timeout, 180, {Title, fun() -> Test(started(Mesh, Numbers)) end}} end}.

started(Mesh, Numbers) ->
    Parent = self(),
    Starting = [{Number, erlang:spawn(fun() -> hold(Parent, Mesh, Number) end)} || Number <- Numbers],
    lists:foldl(fun({Number, Holder}, Grown) ->
                        receive
                            {Holder, Control} -> Grown#mesh{controls = (Grown#mesh.controls)#{Number => {Holder, Control}}}
                        after ?PATIENCE -> error({not_started, Number})
                        end
                end, Mesh, Starting).

%% A node lasts as long as the process that started it, and that as long as the mesh.
hold(Parent, #mesh{keeper = Keeper, cookie = Cookie} = Mesh, Number) ->
    process_flag(trap_exit, true),
    Monitor = monitor(process, Keeper),
    {ok, Control, _Node} = peer:start_link(#{
        name => "guard", host => host(Number), longnames => true, connection => standard_io, wait_boot => ?PATIENCE,
        args => ["-setcookie", atom_to_list(Cookie), "-start_epmd", "false", "-erl_epmd_port", integer_to_list(Mesh#mesh.port),
                 "-kernel", "inet_dist_use_interface", text({127, 0, 0, Number}), "logger_level", "error",
                 "-mnesia", "dir", text(disc(Mesh, Number)),
                 "-guard", "create_after", "4", "force_load_after", "15"]
                ++ [Argument || Mesh#mesh.overlap, Argument <- ["-kernel", "prevent_overlapping_partitions", "false"]]
                ++ [Argument || Mesh#mesh.load, Argument <- ["-guard", "load", text(disc(Mesh, Number) ++ ".load")]]
                ++ ["-pa" | code:get_path() -- [code:lib_dir()]]}),
    [peer:call(Control, erlang, set_cookie, [name(Other), list_to_atom("only-of-" ++ integer_to_list(Number))]) || Other <- Mesh#mesh.strangers -- [Number],
                                                                                  lists:member(Number, Mesh#mesh.strangers)],
    _ = peer:call(Control, erlang, spawn, [?MODULE, keep_connected, [[name(Other) || Other <- lists:seq(1, 4)]]]),
    {ok, _} = peer:call(Control, application, ensure_all_started, [guard, permanent], ?PATIENCE),
    Parent ! {self(), Control},
    receive
        {'EXIT', Control, _Reason} -> ok;
        {'DOWN', Monitor, process, Keeper, _} -> peer:stop(Control)
    end.

%% What sees to it on real hosts that nodes are connected.
keep_connected(Nodes) ->
    lists:foreach(fun net_kernel:connect_node/1, Nodes -- [node() | nodes()]),
    timer:sleep(1000),
    keep_connected(Nodes).

%% As by a power failure.
killed(#mesh{controls = Controls} = Mesh, Number) ->
    {Holder, Control} = maps:get(Number, Controls),
    Monitor = monitor(process, Holder),
    ok = peer:cast(Control, erlang, halt, [137, [{flush, false}]]),
    receive {'DOWN', Monitor, process, Holder, _} -> ok after ?AT_ONCE -> error({not_killed, Number}) end,
    Mesh#mesh{controls = maps:remove(Number, Controls)}.

%% Nothing passes between the two sides, and no connection is made, as their cookies differ.
cut(Mesh, Left, Right) ->
    cookies(Mesh, Left, Right, 'another-cookie'),
    cookies(Mesh, Right, Left, 'a-third-cookie'),
    [call(Mesh, One, erlang, disconnect_node, [name(Other)]) || One <- Left, Other <- Right].

mend(Mesh, Left, Right) ->
    cookies(Mesh, Left, Right, ?COOKIE),
    cookies(Mesh, Right, Left, ?COOKIE).

cookies(Mesh, Ours, Theirs, Cookie) ->
    [true = call(Mesh, One, erlang, set_cookie, [name(Other), Cookie]) || One <- Ours, Other <- Theirs].

%% What they say

call(Mesh, Number, Module, Function, Arguments) ->
    {_Holder, Control} = maps:get(Number, Mesh#mesh.controls),
    peer:call(Control, Module, Function, Arguments, ?PATIENCE).

known(Mesh, Number) ->
    [Address || {Address, _Reporter, _Time} <- call(Mesh, Number, guard, known, [])].

copies(Mesh, Number) ->
    lists:sort(call(Mesh, Number, mnesia, table_info, [guard_attack, disc_copies])).

islands(Mesh, Numbers) ->
    lists:usort([lists:sort(call(Mesh, Number, mnesia, system_info, [running_db_nodes])) || Number <- Numbers]).

wait_table(Mesh, Number) ->
    wait("a table", fun() -> lists:member(guard_attack, call(Mesh, Number, mnesia, system_info, [tables])) end, ?PATIENCE),
    ok = call(Mesh, Number, guard_store, loaded, []).

together(Mesh, Numbers) ->
    wait("one island", fun() -> islands(Mesh, Numbers) =:= [lists:map(fun name/1, Numbers)] end, ?PATIENCE),
    [wait_table(Mesh, Number) || Number <- Numbers],
    [wait("a copy on every disc", fun() -> copies(Mesh, Number) =:= lists:map(fun name/1, Numbers) end, ?PATIENCE)
     || Number <- Numbers].

wait_known(Mesh, Number, Addresses, Milliseconds) ->
    try wait({Number, knows, Addresses}, fun() -> known(Mesh, Number) =:= Addresses end, Milliseconds)
    catch error:Reason -> error({Reason, [{Other, known(Mesh, Other), call(Mesh, Other, guard, status, [])} || Other <- running(Mesh)]})
    end.

running(#mesh{controls = Controls}) ->
    lists:sort(maps:keys(Controls)).

wait(What, Condition, Milliseconds) ->
    case try Condition() catch _:Reason -> Reason end of
        true -> ok;
        _ when Milliseconds > 0 ->
            timer:sleep(100),
            wait(What, Condition, Milliseconds - 100);
        Last -> error({waited_in_vain, What, Last})
    end.

%% Names and places

host(Number) -> "127.0.0." ++ integer_to_list(Number).

name(Number) -> list_to_atom("guard@" ++ host(Number)).

disc(Mesh, Number) -> filename:join(Mesh#mesh.directory, integer_to_list(Number)).

text(Term) -> lists:flatten(io_lib:format("~p", [Term])).

new_directory() ->
    Directory = filename:join(os:getenv("TMPDIR", "/tmp"), "guard-" ++ os:getpid() ++ "-" ++
                              integer_to_list(erlang:unique_integer([positive]))),
    ok = file:make_dir(Directory),
    Directory.

%% A process that lasts as long as the mesh, and the port that it keeps for the mesh's nodes: it listens there on an address that none of
%% them has, so that no other mesh is given the port.
port_keeper() ->
    Parent = self(),
    Keeper = spawn(fun() ->
        {ok, Socket} = gen_tcp:listen(0, [{ip, {127, 0, 0, 99}}]),
        Parent ! {self(), inet:port(Socket)},
        receive stop -> ok end
    end),
    receive {Keeper, {ok, Port}} -> {Keeper, Port} end.
