%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% What needs no node: lists that meet, and what a node decides to do next.
-module(guard_tests).
-include_lib("eunit/include/eunit.hrl").

-define(ONE, {"198.51.100.1", 'guard@a', 100}).
-define(TWO, {"198.51.100.2", 'guard@b', 90}).

%% Two lists are put together whichever comes first, and the earlier report of an address counts.
union_test_() ->
    Later = {"198.51.100.1", 'guard@b', 101},
    SameSecond = {"198.51.100.1", 'guard@b', 100},
    [?_assertEqual([], guard_store:union([], [])),
     ?_assertEqual([?ONE, ?TWO], guard_store:union([?TWO], [?ONE])),
     ?_assertEqual([?ONE], guard_store:union([Later], [?ONE])),
     ?_assertEqual([?ONE], guard_store:union([?ONE], [Later])),
     ?_assertEqual(guard_store:union([?ONE], [SameSecond]), guard_store:union([SameSecond], [?ONE])),
     ?_assertEqual([?ONE, ?TWO], guard_store:union([?ONE, ?TWO], [?ONE, ?TWO]))].

%% A node that has no table joins one, and begins one only when nobody can have one.
without_a_table_test_() ->
    Mine = #{table => false, island => [node()], cookie => 1},
    Has = #{table => true, island => ['guard@b'], cookie => 2},
    Busy = #{table => busy},
    [?_assertEqual({join, 'guard@b'}, guard_store:decide(Mine, [{'guard@c', Mine}, {'guard@b', Has}], true)),
     ?_assertEqual({join, 'guard@b'}, guard_store:decide(Mine, [{'guard@c', Busy}, {'guard@b', Has}], false)),
     ?_assertEqual(create, guard_store:decide(Mine, [{'guard@b', Mine}], true)),
     ?_assertEqual(wait, guard_store:decide(Mine, [{'guard@b', Mine}], false)),
     ?_assertEqual(create, guard_store:decide(Mine, [], true)),
     ?_assertEqual(wait, guard_store:decide(Mine, [{'guard@b', Busy}], true)),
     ?_assertEqual(wait, guard_store:decide(Mine, [{'guard@b', #{table => stopped}}], true)),
     ?_assertEqual(wait, guard_store:decide(Busy, [{'guard@b', Has}], true)),
     ?_assertEqual(return, guard_store:decide(#{table => stopped}, [{'guard@b', Has}], true))].

%% Of two islands the one without the lowest name gives way, and never both.
two_islands_test_() ->
    Left = #{table => true, island => ['guard@a', 'guard@b'], cookie => 1},
    Right = #{table => true, island => ['guard@c', 'guard@d'], cookie => 1},
    Shares = #{table => true, island => ['guard@a', 'guard@c'], cookie => 1},
    [?_assertEqual(keep, guard_store:decide(Left, [{'guard@b', Left}, {'guard@c', Right}, {'guard@d', Right}], true)),
     ?_assertEqual({yield_to, 'guard@a'},
                   guard_store:decide(Right, [{'guard@a', Left}, {'guard@b', Left}, {'guard@d', Right}], true)),
     %% Two that share a node: the lowest name that is not in both counts.
     ?_assertEqual(keep, guard_store:decide(Left, [{'guard@a', Left}, {'guard@c', Shares}], true)),
     ?_assertEqual({yield_to, 'guard@b'}, guard_store:decide(Shares, [{'guard@a', Left}, {'guard@b', Left}], true)),
     %% One that sees us, and that we do not see yet.
     ?_assertEqual(keep, guard_store:decide(Left, [{'guard@c', Left#{island => ['guard@a', 'guard@b', 'guard@c']}}], true)),
     ?_assertEqual(keep, guard_store:decide(Left, [{'guard@b', Left}], true)),
     ?_assertEqual(keep, guard_store:decide(Left, [{'guard@b', Left}, {'guard@c', #{table => busy}}], true))].

%% What a log of load tells: messages by what came back of them, writes by what the table has, and the times in which two nodes or more were missing.
load_test_() ->
    Attack = fun(Number) -> {"2001:2::" ++ integer_to_list(Number), node(), Number} end,
    Log = [{started, 1000, []}, {seen, b}, {seen, c}, {seen, d},
           {connected, 1000, [b]}, {connected, 1500, [b, c, d]},
           {sent, 2000, 1000, 1, [b, c, d]}, {acknowledged, 1000, 1, b}, {acknowledged, 1000, 1, c}, {received, b, 7, 1},
           {written, Attack(1)}, {written, Attack(2)},
           {connected, 3000, [b, c]}, {connected, 4000, [b]}, {connected, 4500, []}, {connected, 6000, [b, c]},
           {stopped, 7000}, {started, 8000, [b, c, d]}, {connected, 8000, []}, {connected, 8500, [b, c, d]},
           {sent, 9000, 8000, 1, [b, c, d]}, {acknowledged, 8000, 1, b}, {acknowledged, 8000, 1, c}, {connected, 9500, [c]}],
    Count = fun(Now) -> guard_load:count(Log, #{now => Now, has => fun(Written) -> Written =:= Attack(1) end}) end,
    #{edges := Edges} = Told = Count(20000),
    [?_assertMatch(#{starts := 2, written := 2}, Told),
     ?_assertEqual([Attack(2)], maps:get(written_and_lost, Told)),
     ?_assertEqual(#{sent => 2, acknowledged => 2, lost => 0, received => 1}, maps:get(b, Edges)),
     ?_assertEqual(#{sent => 2, acknowledged => 0, lost => 2, received => 0}, maps:get(d, Edges)),
     ?_assertEqual([{4000, 6000, 1}, {9500, 20000, 2}], maps:get(short, Told)),
     %% What was just sent may yet come back.
     ?_assertMatch(#{d := #{sent := 2, lost := 1}}, maps:get(edges, Count(10000)))].

%% What is no address is no report, and needs no server to be refused.
no_address_test_() ->
    [?_assertEqual({error, {no_address, Text}}, guard:report(Text))
     || Text <- ["", "198.51.100", "198.51.100.256", "example.net", <<"::g">>, <<255, 254>>, attack, "198.51.100.7 "]].
