%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% @doc Where peers are, and who may come in: the epmd module of a node (flags -epmd_module beam_tls_epmd -beam_tls_peers FILE).
%%
%% FILE holds Erlang terms:
%%
%%   {listen_port, Port}.           the port to listen on; 0 leaves it to the runtime
%%   {epmd, Boolean}.               whether the node registers with the port mapper
%%   {connect, Boolean}.            whether the node keeps connections to the peers by itself, see beam_tls_connections; true if left out
%%   {peer, Node, Address, Port}.   one for each node of the cluster, this one included; Address is a string, or
%%                                  the atom 'resolve' for what the host part resolves to; Port is a number, or
%%                                  the atom 'epmd' for what the port mapper of that host says
%%
%% Before the listener accepts its first connection, net_kernel is told to allow the nodes of the table and no others. OTP then holds
%% the name of each peer against its certificate, and lets a node in only if the certificate is for the host part of its name.
%%
%% The callbacks are those of erl_epmd (Erlang/OTP, "How to Implement an Alternative Node Discovery for Erlang Distribution").
-module(beam_tls_epmd).

-export([start_link/0, register_node/2, register_node/3, listen_port_please/2, address_please/3, port_please/2, port_please/3, names/1]).
-export([reload/0, unbound/0, peers/0, connects/0, admits/2, withdraw/1]).

%% Version of the distribution protocol that peers are said to speak: 6, with the handshake of OTP 23 and later.
-define(VERSION, 6).

%% @doc The port mapper's client where the node registers with it; otherwise nothing has to run.
start_link() ->
    ok = beam_tls_reload:expect(),
    case table() of
        #{epmd := true} -> erl_epmd:start_link();
        #{epmd := false} -> ignore
    end.

register_node(Name, Port) ->
    register_node(Name, Port, inet).

%% @doc Called by net_kernel itself while it starts to listen, before there is an acceptor; only then is there something to begin. Programs call it
%% later to register again (RabbitMQ does), from processes of their own.
register_node(Name, Port, Family) ->
    #{epmd := Epmd} = Table = table(),
    ok = case whereis(net_kernel) =:= self() of
             true -> begin_to_listen(Table);
             false -> ok
         end,
    case Epmd of
        true -> erl_epmd:register_node(Name, Port, Family);
        false -> {ok, rand:uniform(16#FFFFFFFB) + 4}
    end.

%% A call to net_kernel would wait for itself, so that the request is put into its mailbox, ahead of any connection; the answer goes to a process
%% that is gone.
begin_to_listen(Table) ->
    self() ! {'$gen_call', {spawn(fun() -> ok end), make_ref()}, {allow, nodes_of(Table)}},
    ok = beam_tls_ready:start(),
    ok = beam_tls_reload:start(),
    beam_tls_connections:start().

%% @doc The port of the table; any port for a node that does not listen for peers, such as a remote shell.
listen_port_please(_Name, _Host) ->
    case init:get_argument(dist_listen) of
        {ok, [["false"]]} ->
            {ok, 0};
        _ ->
            #{listen_port := Port} = table(),
            {ok, Port}
    end.

%% @doc Where a peer is. A node that is not in the table is nowhere.
address_please(Name, Host, Family) ->
    case peer(Name, Host) of
        {resolve, epmd} ->
            erl_epmd:address_please(Name, Host, Family);
        {resolve, Port} ->
            case inet:getaddr(Host, Family) of
                {ok, Address} -> {ok, Address, Port, ?VERSION};
                {error, _} = Error -> Error
            end;
        {Address, epmd} ->
            {ok, Address};
        {Address, Port} ->
            {ok, Address, Port, ?VERSION};
        unknown ->
            {error, not_in_peers}
    end.

port_please(Name, Host) ->
    port_please(Name, Host, infinity).

%% @doc Asked for by net_kernel after an address that came without a port, so that Host is then an address.
port_please(Name, Host, Timeout) ->
    case peer(Name, Host) of
        {_Address, Port} when is_integer(Port) ->
            {port, Port, ?VERSION};
        _ ->
            case table() of
                #{epmd := true} -> erl_epmd:port_please(Name, Host, Timeout);
                #{epmd := false} -> noport
            end
    end.

%% @doc Names and ports of the nodes at a host.
names(Host) ->
    case table() of
        #{epmd := true} ->
            erl_epmd:names(Host);
        #{peers := Peers} ->
            Suffix = "@" ++ text(Host),
            {ok, [{lists:sublist(Node, length(Node) - length(Suffix)), Port}
                  || {Node, {_Atom, _Address, Port}} <- lists:sort(maps:to_list(Peers)), lists:suffix(Suffix, Node)]}
    end.

%% @doc Takes in a changed table, certificate or trust bundle: reads the table again, has net_kernel let in its nodes and no others, and
%% drops what the distribution remembers of PEM files, so that the next handshake reads them. The connections of nodes that the table does
%% not admit any more end; others stand.
-spec reload() -> ok | {error, string()}.
reload() ->
    case {read(path()), unusable()} of
        {{ok, Table}, []} ->
            persistent_term:put(?MODULE, Table),
            first_error([fun allow_table/0, fun clear_pem_cache/0, fun beam_tls_connections:table_changed/0]);
        {{error, _} = Error, _} ->
            Error;
        {_, [Fault | _]} ->
            {error, Fault}
    end.

%% @doc The nodes of the table that net_kernel does not know yet, which is none once it listens.
-spec unbound() -> [node()].
unbound() ->
    case net_kernel:allowed() of
        {ok, Known} -> peers() -- Known;
        ignored -> peers()
    end.

%% @doc The nodes of the table.
-spec peers() -> [node()].
peers() ->
    nodes_of(table()).

%% @doc Whether this node keeps connections to the peers by itself.
-spec connects() -> boolean().
connects() ->
    #{connect := Connect} = table(),
    Connect.

%% @doc Whether a node may stay connected: the nodes of the table, and what runs hidden at one of their hosts, such as a control command or a remote
%% shell. A certificate stands for a host, and so tells these apart from the hosts of others.
-spec admits(node(), visible | hidden) -> boolean().
admits(Node, Type) ->
    Peers = peers(),
    lists:member(Node, Peers) orelse Type =:= hidden andalso lists:member(host(Node), [host(Peer) || Peer <- Peers]).

host(Node) ->
    lists:last(string:split(atom_to_list(Node), "@")).

%% Its function allow only adds, even what is there already.
allow_table() ->
    {ok, Known} = net_kernel:allowed(),
    ok = withdraw(Known -- peers()),
    case unbound() of
        [] -> ok;
        New -> net_kernel:allow(New)
    end.

%% @doc Has net_kernel let in some nodes no longer. It has no function for that. Left on its list they would come in again and again, and
%% everybody be told of it, before beam_tls_connections parts with them. So the list is exchanged where it is beyond doubt which part of net_kernel's
%% state it is; otherwise it stays.
-spec withdraw([node()]) -> ok.
withdraw([]) ->
    ok;
withdraw(Gone) ->
    {ok, Known} = net_kernel:allowed(),
    Left = [Node || Node <- lists:usort(Known), not lists:member(Node, Gone)],
    _ = sys:replace_state(net_kernel, fun(State) when is_tuple(State), Left =/= [] ->
                                              case [Place || Place <- lists:seq(1, tuple_size(State)), element(Place, State) =:= Known] of
                                                  [Place] -> setelement(Place, State, Left);
                                                  _ -> State
                                              end;
                                         (State) -> State
                                      end),
    ok.

%% What is wrong with the PEM files that the options of TLS name, a sentence each. A handshake would find it, and tell nobody.
unusable() ->
    Options = case init:get_argument(ssl_dist_optfile) of
                  {ok, [[Path | _] | _]} -> file:consult(Path);
                  _ -> none
              end,
    case Options of
        {ok, [Sides]} ->
            Keys = [certfile, keyfile, cacertfile],
            Named = lists:usort([{Key, File} || {_, Side} <- Sides, {Key, File} <- Side, lists:member(Key, Keys)]),
            lists:append([unusable(Key, File) || {Key, File} <- Named]);
        _ ->
            []
    end.

unusable(Key, File) ->
    case file:read_file(File) of
        {ok, Content} ->
            {Certificates, Others} = lists:partition(fun({Type, _, _}) -> Type =:= 'Certificate' end, public_key:pem_decode(Content)),
            case {Key, Certificates, Others} of
                {keyfile, _, []} -> [format("~ts: this file holds no private key", [File])];
                {keyfile, _, _} -> [];
                {_, [], _} -> [format("~ts: this file holds no certificate", [File])];
                _ -> []
            end;
        {error, Reason} ->
            [format("~ts: this file cannot be read (~ts)", [File, file:format_error(Reason)])]
    end.

first_error([]) ->
    ok;
first_error([Step | Steps]) ->
    try Step() of
        ok -> first_error(Steps);
        Other -> {error, format("the node answered ~tp", [Other])}
    catch
        _:Reason -> {error, format("the node could not: ~tp", [Reason])}
    end.

%% The PEM cache of distribution is not the one that ssl:clear_pem_cache/0 clears. Without TLS there is none.
clear_pem_cache() ->
    _ = whereis(ssl_pem_cache_dist) =:= undefined
        orelse gen_server:call(ssl_pem_cache_dist, {unconditionally_clear_pem_cache, self()}),
    ok.

nodes_of(#{peers := Peers}) ->
    [Atom || {Atom, _Address, _Port} <- maps:values(Peers)].

peer(Name, Host) when is_list(Host); is_atom(Host) ->
    #{peers := Peers} = table(),
    case maps:find(text(Name) ++ "@" ++ text(Host), Peers) of
        {ok, {_Atom, Address, Port}} -> {Address, Port};
        error -> unknown
    end;
peer(_Name, _Address) ->
    unknown.

%% The table, read when it is first asked for. Without it there is no knowing whom to let in, so that the node stops.
table() ->
    case persistent_term:get(?MODULE, none) of
        none ->
            case read(path()) of
                {ok, Table} ->
                    persistent_term:put(?MODULE, Table),
                    Table;
                {error, Text} ->
                    erlang:display_string(lists:flatten(["beam_tls_epmd: ", Text, "\n"])),
                    erlang:halt(1)
            end;
        Table ->
            Table
    end.

path() ->
    case init:get_argument(beam_tls_peers) of
        {ok, [[Path | _] | _]} -> Path;
        _ -> none
    end.

read(none) ->
    {error, "no table of peers is given; start the node with -beam_tls_peers FILE"};
read(Path) ->
    case beam_tls_terms:consult(Path) of
        {ok, Terms} ->
            try
                {ok, checked(Terms)}
            catch
                throw:Text -> {error, format("~ts: ~ts", [Path, Text])}
            end;
        {error, unreadable} ->
            {error, format("~ts: this table of peers cannot be read", [Path])};
        {error, Text} ->
            {error, format("~ts: ~ts", [Path, Text])}
    end.

checked(Terms) ->
    {Peers, Settings} = lists:partition(fun(Term) -> is_tuple(Term) andalso tuple_size(Term) > 0 andalso element(1, Term) =:= peer end, Terms),
    Places = maps:from_list([checked_peer(Peer) || Peer <- Peers]),
    case Settings of
        [{listen_port, Port}, {epmd, Epmd} | Rest]
          when is_integer(Port), Port >= 0, Port < 65536, is_boolean(Epmd), Peers =/= [], map_size(Places) =:= length(Peers) ->
            #{listen_port => Port, epmd => Epmd, connect => checked_connect(Rest), peers => Places};
        _ ->
            wanted_are()
    end.

checked_connect([]) -> true;
checked_connect([{connect, Connect}]) when is_boolean(Connect) -> Connect;
checked_connect(_) -> wanted_are().

-spec wanted_are() -> no_return().
wanted_are() ->
    throw("wanted are {listen_port, Port}, {epmd, Boolean}, {connect, Boolean}, and one {peer, Node, Address, Port} for each node").

checked_peer({peer, Node, Place, Port} = Peer) when is_atom(Node), (Port =:= epmd orelse is_integer(Port) andalso Port > 0 andalso Port < 65536) ->
    case address(Place) of
        {ok, Address} -> {atom_to_list(Node), {Node, Address, Port}};
        error -> throw(format("~tp has no address that can be used", [Peer]))
    end;
checked_peer(Peer) ->
    throw(format("~tp is not {peer, Node, Address, Port}", [Peer])).

address(resolve) ->
    {ok, resolve};
address(Text) ->
    case io_lib:char_list(Text) andalso inet:parse_strict_address(Text) of
        {ok, Address} -> {ok, Address};
        _ -> error
    end.

text(Atom) when is_atom(Atom) -> atom_to_list(Atom);
text(Text) when is_list(Text) -> Text.

format(Format, Arguments) ->
    lists:flatten(io_lib:format(Format, Arguments)).
