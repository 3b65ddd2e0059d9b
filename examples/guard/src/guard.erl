%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% What people and programs ask: report an attacking address, list the known ones.
%%
%% The server is registered as guard on its node, and as {guard, Host} with global, Host being the host part of the node's
%% name. Told of an attack it writes it into the table all nodes share, and warns every other node under both names with
%% {From, {attack, Address, Reporter, Time}}. A node that is warned writes down what its table lacks, so that a warning that
%% comes while the table is not there yet is not lost.
-module(guard).
-behaviour(gen_server).
-export([report/1, known/0, knows/1, status/0, ready/0, start/0, start_link/0]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2, handle_continue/2]).

-define(RETRY, 1000).

-type address() :: string().
-type attack() :: {address(), Reporter :: node(), Time :: integer()}.
-export_type([address/0, attack/0]).

%% Report an attacking address: "198.51.100.7", also as a binary or an atom; IPv6 too.
-spec report(string() | binary() | atom()) -> ok | {error, {no_address, term()}}.
report(Text) ->
    case address(Text) of
        {ok, Address} -> gen_server:call(?MODULE, {report, Address});
        error -> {error, {no_address, Text}}
    end.

%% The known attackers: address, node that reported it, time in UTC.
-spec known() -> [{address(), node(), string()}].
known() ->
    Pending = gen_server:call(?MODULE, pending),
    Stored = case guard_store:all() of
                 {ok, Attacks} -> Attacks;
                 {error, _} -> []
             end,
    [{Address, Reporter, calendar:system_time_to_rfc3339(Time, [{offset, "Z"}])}
     || {Address, Reporter, Time} <- guard_store:union(Stored, Pending)].

%% Whether an address is known as an attacker here.
-spec knows(string() | binary() | atom()) -> boolean().
knows(Text) ->
    case address(Text) of
        {ok, Address} -> lists:keymember(Address, 1, known());
        error -> false
    end.

%% How this node sees the mesh and the table.
-spec status() -> [{atom(), term()}].
status() ->
    guard_mesh:status().

%% Whether this node does its part: it answers, and has the table on its disc, loaded, and in one with that of all nodes it is connected with.
%% Another node may be stopped then, and nothing is lost.
-spec ready() -> boolean().
ready() ->
    try
        [] =:= gen_server:call(?MODULE, pending) andalso guard_store:ready()
    catch
        exit:_ -> false
    end.

%% For a node without a boot script that names guard: erl -s guard start.
start() ->
    {ok, _Started} = application:ensure_all_started(?MODULE),
    ok.

start_link() ->
    gen_server:start_link({local, ?MODULE}, ?MODULE, [], []).

init([]) ->
    {ok, [], {continue, register}}.

handle_continue(register, Pending) ->
    yes = global:re_register_name({?MODULE, host(node())}, self()),
    {noreply, Pending}.

handle_call({report, Address}, _From, Pending) ->
    Attack = {Address, node(), erlang:system_time(second)},
    logger:notice("~ts attacks; warning ~w other nodes", [Address, length(nodes())]),
    warn(Attack),
    {reply, ok, store(Attack, Pending)};
handle_call(pending, _From, Pending) ->
    {reply, Pending, Pending}.

handle_cast(_Message, Pending) ->
    {noreply, Pending}.

handle_info({From, {attack, Text, Reporter, Time}}, Pending)
  when is_pid(From), is_atom(Reporter), is_integer(Time), Time >= 0, Time < 1 bsl 40 ->
    case address(Text) of
        {ok, Address} -> {noreply, heard({Address, Reporter, Time}, Pending)};
        error -> {noreply, Pending}
    end;
handle_info(retry, Pending) ->
    {noreply, lists:foldl(fun store/2, [], Pending)};
handle_info({global_name_conflict, Name}, Pending) ->
    yes = global:re_register_name(Name, self()),
    {noreply, Pending};
handle_info(_Message, Pending) ->
    {noreply, Pending}.

%% The two ways of the howto: a registered name on a node, and global.
warn({Address, Reporter, Time}) ->
    Warning = {self(), {attack, Address, Reporter, Time}},
    lists:foreach(
      fun(Node) ->
              {?MODULE, Node} ! Warning,
              case global:whereis_name({?MODULE, host(Node)}) of
                  undefined -> undefined;
                  Pid -> Pid ! Warning
              end
      end, nodes()).

heard({Address, Reporter, _Time} = Attack, Pending) ->
    case guard_store:has(Attack) orelse lists:member(Attack, Pending) of
        true -> Pending;
        false ->
            logger:notice("~ts attacks, says ~w", [Address, Reporter]),
            store(Attack, Pending)
    end.

store(Attack, Pending) ->
    case guard_store:merge([Attack]) of
        ok -> Pending;
        {error, _NotThereYet} ->
            [] =:= Pending andalso erlang:send_after(?RETRY, self(), retry),
            guard_store:union(Pending, [Attack])
    end.

host(Node) ->
    [_Name, Host] = string:split(atom_to_list(Node), "@"),
    Host.

address(Text) when is_atom(Text) ->
    address(atom_to_list(Text));
address(Text) when is_binary(Text) ->
    address(binary_to_list(Text));
address(Text) ->
    case io_lib:printable_latin1_list(Text) andalso inet:parse_strict_address(Text) of
        {ok, Address} -> {ok, inet:ntoa(Address)};
        _ -> error
    end.
