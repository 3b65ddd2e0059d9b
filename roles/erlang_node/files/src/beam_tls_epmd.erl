%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% @doc Where peers are, and who may come in: the epmd module of a node (flags -epmd_module beam_tls_epmd -beam_tls_peers FILE).
%%
%% FILE holds Erlang terms:
%%
%%   {listen_port, Port}.           the port to listen on; 0 leaves it to the runtime
%%   {epmd, Boolean}.               whether the node registers with the port mapper
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
-export([reload/0, unbound/0]).

%% Version of the distribution protocol that peers are said to speak: 6, with the handshake of OTP 23 and later.
-define(VERSION, 6).

%% @doc The port mapper's client where the node registers with it; otherwise nothing has to run.
start_link() ->
    case table() of
        #{epmd := true} -> erl_epmd:start_link();
        #{epmd := false} -> ignore
    end.

register_node(Name, Port) ->
    register_node(Name, Port, inet).

%% @doc Called by net_kernel itself while it starts to listen, before there is an acceptor. A call to net_kernel would wait for
%% itself, so that the request is put into its mailbox, ahead of any connection; the answer goes to a process that is gone.
register_node(Name, Port, Family) ->
    #{epmd := Epmd} = Table = table(),
    self() ! {'$gen_call', {spawn(fun() -> ok end), make_ref()}, {allow, allowed(Table)}},
    ok = beam_tls_ready:start(),
    ok = beam_tls_connections:start(),
    case Epmd of
        true -> erl_epmd:register_node(Name, Port, Family);
        false -> {ok, rand:uniform(16#FFFFFFFB) + 4}
    end.

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

%% @doc Takes in a changed table, certificate or trust bundle: reads the table again, allows the nodes that are new in it, and drops what
%% the distribution remembers of PEM files, so that the next handshake reads them. Connections that stand are left alone.
%% Nodes that are gone from the table are not connected to any more, but may come in until the node is restarted.
-spec reload() -> ok | {error, string()}.
reload() ->
    case read(path()) of
        {ok, Table} ->
            persistent_term:put(?MODULE, Table),
            first_error([fun() -> net_kernel:allow(allowed(Table)) end, fun clear_pem_cache/0]);
        {error, _} = Error ->
            Error
    end.

%% @doc The nodes of the table that net_kernel does not know yet, which is none once it listens; none as well for an OTP that cannot tell.
unbound() ->
    case erlang:function_exported(net_kernel, allowed, 0) andalso net_kernel:allowed() of
        {ok, Known} -> allowed(table()) -- Known;
        false -> [];
        _ -> allowed(table())
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

%% The PEM cache of distribution is not the one that ssl:clear_pem_cache/0 clears.
clear_pem_cache() ->
    _ = gen_server:call(ssl_pem_cache_dist, {unconditionally_clear_pem_cache, self()}),
    ok.

allowed(#{peers := Peers}) ->
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

%% Distribution starts before the file server, which leaves the loader to read the file.
read(none) ->
    {error, "no table of peers is given; start the node with -beam_tls_peers FILE"};
read(Path) ->
    case erl_prim_loader:get_file(Path) of
        {ok, Bytes, _} ->
            try
                {ok, checked(parse(Bytes))}
            catch
                throw:Text -> {error, format("~ts: ~ts", [Path, Text])}
            end;
        error ->
            {error, format("~ts: this table of peers cannot be read", [Path])}
    end.

parse(Bytes) ->
    case unicode:characters_to_list(Bytes) of
        Text when is_list(Text) -> terms(erl_scan:tokens([], Text, 1), []);
        _ -> throw("is not UTF-8 text")
    end.

terms({done, {ok, Tokens, Line}, Rest}, Terms) ->
    case erl_parse:parse_term(Tokens) of
        {ok, Term} -> terms(erl_scan:tokens([], Rest, Line), [Term | Terms]);
        {error, Error} -> throw(located(Error))
    end;
terms({done, {eof, _Line}, _Rest}, Terms) ->
    lists:reverse(Terms);
terms({done, {error, Error, _Line}, _Rest}, _Terms) ->
    throw(located(Error));
terms({more, Continuation}, Terms) ->
    terms(erl_scan:tokens(Continuation, eof, 1), Terms).

located({Line, Module, Error}) ->
    format("line ~tp: ~ts", [Line, Module:format_error(Error)]).

checked(Terms) ->
    Peers = maps:from_list([checked_peer(Term) || Term <- Terms, is_tuple(Term), element(1, Term) =:= peer]),
    case {Terms, map_size(Peers)} of
        {[{listen_port, Port}, {epmd, Epmd} | Rest], Count}
          when is_integer(Port), Port >= 0, Port < 65536, is_boolean(Epmd), Count > 0, Count =:= length(Rest) ->
            #{listen_port => Port, epmd => Epmd, peers => Peers};
        _ ->
            throw("wanted are {listen_port, Port}, {epmd, Boolean}, and one {peer, Node, Address, Port} for each node")
    end.

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
