%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% The table of attacks in Mnesia, and how a node comes to have a copy of it.
%%
%% The table only ever grows, and of two reports of one address the earlier counts: so two lists can always be put together,
%% whoever was cut off from whom.
-module(guard_store).
-export([all/0, has/1, merge/1, union/2, ready/0]).
-export([standing/0, decide/3, create/0, join/1, yield_to/1, return/0, keep/0, loaded/0, force_load/0]).
-export([leave/2]).

-define(TABLE, guard_attack).
-define(PEER_TIMEOUT, 5000).
-define(LOAD_TIMEOUT, 15000).
-record(guard_attack, {address, reporter, time}).

-type standing() :: #{table := boolean() | busy | stopped, island => [node()], cookie => term()}.

%% Reading and writing

-spec all() -> {ok, [guard:attack()]} | {error, term()}.
all() ->
    try mnesia:dirty_match_object(#guard_attack{_ = '_'}) of
        Records -> {ok, lists:sort([plain(Record) || Record <- Records])}
    catch
        exit:Reason -> {error, Reason}
    end.

%% Whether the table holds this report, or an earlier one of the same address.
-spec has(guard:attack()) -> boolean().
has({Address, Reporter, Time}) ->
    try mnesia:dirty_read(?TABLE, Address) of
        [Known] -> {Known#guard_attack.time, Known#guard_attack.reporter} =< {Time, Reporter};
        [] -> false
    catch
        exit:_ -> false
    end.

%% Put reports into the table. They are on every disc of the island when this returns. Mnesia writes its log in its own time, and if
%% all nodes lose their power at once it may begin again with the copy of any.
-spec merge([guard:attack()]) -> ok | {error, term()}.
merge(Attacks) ->
    Write = fun({Address, Reporter, Time} = Attack) ->
                    Known = [plain(Record) || Record <- mnesia:read(?TABLE, Address, write)],
                    [Attack] =:= Known orelse union(Known, [Attack]) =:= Known orelse
                        mnesia:write(#guard_attack{address = Address, reporter = Reporter, time = Time})
            end,
    try mnesia:transaction(fun() -> lists:foreach(Write, Attacks) end) of
        {atomic, ok} -> synced(mnesia:system_info(running_db_nodes));
        {aborted, Reason} -> {error, Reason}
    catch
        exit:Reason -> {error, Reason}
    end.

synced(Nodes) ->
    _ = erpc:multicall(Nodes, mnesia, sync_log, [], ?PEER_TIMEOUT),
    ok.

%% Two lists of reports as one, by address, the earliest report of each.
-spec union([guard:attack()], [guard:attack()]) -> [guard:attack()].
union(One, Other) ->
    Earliest = lists:sort([{Address, Time, Reporter} || {Address, Reporter, Time} <- One ++ Other]),
    [{Address, Reporter, Time} || {Address, Time, Reporter} <- lists:ukeysort(1, Earliest)].

plain(#guard_attack{address = Address, reporter = Reporter, time = Time}) ->
    {Address, Reporter, Time}.

%% Membership

%% What this node has; asked from other nodes too. The island is the nodes whose Mnesia is connected with ours.
-spec standing() -> standing().
standing() ->
    case mnesia:system_info(is_running) of
        yes ->
            #{table => lists:member(?TABLE, mnesia:system_info(tables)),
              island => mnesia:system_info(running_db_nodes),
              cookie => mnesia:table_info(schema, cookie)};
        no ->
            #{table => stopped};
        _ ->
            #{table => busy}
    end.

%% Whether the table is on this node's disc, loaded, and on those of all nodes that are connected.
-spec ready() -> boolean().
ready() ->
    try
        Copies = mnesia:table_info(?TABLE, where_to_write),
        Kept = mnesia:table_info(?TABLE, disc_copies),
        lists:all(fun(Node) -> lists:member(Node, Copies) andalso lists:member(Node, Kept) end, [node() | nodes()])
    catch
        exit:_ -> false
    end.

%% What a node has to do next, from its own standing, that of the peers that answered, and whether it has waited long enough for
%% others to come.
-spec decide(standing(), [{node(), standing()}], boolean()) ->
          keep | wait | create | return | {join | yield_to, node()}.
decide(#{table := stopped}, _Peers, _Waited) ->
    return;
decide(#{table := busy}, _Peers, _Waited) ->
    wait;
decide(#{table := false}, Peers, Waited) ->
    Members = lists:sort([Node || {Node, #{table := true}} <- Peers]),
    Busy = [Node || {Node, #{table := Table}} <- Peers, not is_boolean(Table)],
    case {Members, Busy} of
        {[Member | _], _} -> {join, Member};
        {[], []} when Waited -> create;
        {[], _} -> wait
    end;
decide(#{table := true, island := Island}, Peers, _Waited) ->
    %% Islands may share nodes: of two nodes that lost each other and not a third, each is in an island with that one.
    Others = lists:sort([{lists:min(Theirs -- Island), lists:min(Island -- Theirs), Node}
                         || {Node, #{table := true, island := Theirs}} <- Peers,
                            not lists:member(Node, Island), Theirs -- Island =/= [], Island -- Theirs =/= []]),
    case Others of
        [{Lowest, Ours, Node} | _] when Lowest < Ours -> {yield_to, Node};
        _ -> keep
    end.

%% Begin the table here.
-spec create() -> ok | {error, term()}.
create() ->
    first_error([fun schema_on_disc/0,
                 fun() ->
                         result(mnesia:create_table(?TABLE, [{disc_copies, [node()]},
                                                             {attributes, record_info(fields, guard_attack)}]))
                 end]).

%% Take part in the table that Member has.
-spec join(node()) -> ok | {error, term()}.
join(Member) ->
    InTheirs = lists:member(node(), ask(Member, mnesia, table_info, [schema, disc_copies])),
    OnDisc = mnesia:system_info(use_dir),
    first_error([fun() when InTheirs -> forgotten_by(Member);
                    () when OnDisc -> begin_anew();
                    () -> ok
                 end,
                 fun() -> connect(Member) end,
                 fun keep/0]).

%% Give up the copies of this node's island for those of another, after handing over what only we know. All nodes that are in ours alone leave
%% before the first one returns: Mnesia on a node that returns connects with whoever runs, and would take a copy that stayed for one
%% that belongs there.
-spec yield_to(node()) -> ok | {error, term()}.
yield_to(Winner) ->
    #{island := Theirs, cookie := Cookie} = ask(Winner, ?MODULE, standing, []),
    Ours = mnesia:system_info(running_db_nodes) -- Theirs,
    Related = mnesia:table_info(schema, cookie) =:= Cookie,
    logger:notice("two lists of attacks meet; ~w take that of ~w and add theirs to it", [lists:sort(Ours), Winner]),
    {ok, Attacks} = all(),
    first_error([fun() -> ask(Winner, ?MODULE, merge, [Attacks]) end,
                 fun() -> each(Ours, leave, [Theirs, Related], ?PEER_TIMEOUT) end,
                 fun() -> each(Ours, return, [], ?PEER_TIMEOUT + ?LOAD_TIMEOUT) end]).

%% Stop Mnesia here, so that it will start with the copy of Masters; with none of its own if theirs began elsewhere.
-spec leave([node()], boolean()) -> ok | {error, term()}.
leave(Masters, Related) ->
    first_error([fun stop/0,
                 fun() when Related -> mnesia:set_master_nodes(Masters);
                    () -> mnesia:delete_schema([node()])
                 end]).

%% Start Mnesia again where it was left stopped.
-spec return() -> ok | {error, term()}.
return() ->
    first_error([fun start/0,
                 fun() ->
                         case lists:member(?TABLE, mnesia:system_info(tables)) of
                             true -> loaded();
                             false -> ok
                         end
                 end,
                 fun() -> mnesia:set_master_nodes([]) end]).

%% See to it that this node holds a copy on disc. Mnesia refuses while another node that holds one is away; the node works with
%% the others' copies until then.
-spec keep() -> ok | {error, term()}.
keep() ->
    first_error([fun schema_on_disc/0,
                 fun() ->
                         case mnesia:table_info(?TABLE, storage_type) of
                             disc_copies -> ok;
                             unknown -> result(mnesia:add_table_copy(?TABLE, node(), disc_copies));
                             _ -> result(mnesia:change_table_copy_type(?TABLE, node(), disc_copies))
                         end
                 end]).

%% Wait until the table can be read.
-spec loaded() -> ok | {error, term()}.
loaded() ->
    case mnesia:wait_for_tables([?TABLE], ?LOAD_TIMEOUT) of
        ok -> ok;
        {timeout, _} -> {error, not_loaded};
        {error, Reason} -> {error, Reason}
    end.

%% Load the own copy though nodes that may know more are away. Done by the first node of an island only.
-spec force_load() -> ok | {error, term()}.
force_load() ->
    case lists:min(mnesia:system_info(running_db_nodes)) =:= node() of
        true ->
            case mnesia:force_load_table(?TABLE) of
                yes -> ok;
                Reason -> {error, Reason}
            end;
        false -> ok
    end.

schema_on_disc() ->
    case mnesia:table_info(schema, storage_type) of
        disc_copies -> ok;
        _ -> result(mnesia:change_table_copy_type(schema, node(), disc_copies))
    end.

connect(Member) ->
    case mnesia:change_config(extra_db_nodes, [Member]) of
        {ok, [_ | _]} -> ok;
        {ok, []} -> {error, {not_connected, Member}};
        {error, Reason} -> {error, Reason}
    end.

%% The others still count on a copy here that is gone: have them strike it off.
forgotten_by(Member) ->
    first_error([fun begin_anew/0, fun stop/0,
                 fun() -> result(ask(Member, mnesia, del_table_copy, [schema, node()])) end,
                 fun start/0]).

begin_anew() ->
    first_error([fun stop/0, fun() -> mnesia:delete_schema([node()]) end, fun start/0]).

stop() ->
    case application:stop(mnesia) of
        {error, {not_started, mnesia}} -> ok;
        Result -> Result
    end.

start() ->
    application:start(mnesia, permanent).

%% A node that does not answer has gone; what it missed it makes up for when it comes back.
each(Nodes, Function, Arguments, Timeout) ->
    Answers = erpc:multicall(Nodes, ?MODULE, Function, Arguments, Timeout),
    first_error([fun() -> {error, Reason} end || {ok, {error, Reason}} <- Answers]).

ask(Node, Module, Function, Arguments) ->
    erpc:call(Node, Module, Function, Arguments, ?PEER_TIMEOUT).

result({atomic, ok}) -> ok;
result({aborted, Reason}) -> {error, Reason}.

first_error([]) -> ok;
first_error([Step | Steps]) ->
    case Step() of
        ok -> first_error(Steps);
        {error, Reason} -> {error, Reason}
    end.
