%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% @doc What the control command of a node asks of it, run in a hidden node of its own that lives as long as one command:
%% erl ... -run beam_tls_control main -extra NODE COMMAND ARGUMENT...
%%
%% Results go to standard output, what went wrong to standard error; the exit status is 0 or 1.
-module(beam_tls_control).

-export([main/0, status/0]).

%% Milliseconds that a question without work behind it may take.
-define(PATIENCE, 10000).

-spec main() -> no_return().
main() ->
    ok = io:setopts([{encoding, unicode}]),
    [Node | Command] = init:get_plain_arguments(),
    Status =
        try command(list_to_atom(Node), Command) of
            ok -> 0
        catch
            throw:{sorry, Format, Arguments} ->
                io:format(standard_error, Format ++ "~n", Arguments),
                1
        end,
    erlang:halt(Status).

command(_Node, ["ping", Other]) ->
    ping(list_to_atom(Other));
command(Node, ["rpc", Module, Function]) ->
    command(Node, ["rpc", Module, Function, "[]"]);
command(Node, ["rpc", Module, Function, Text]) ->
    case parsed(Text, fun erl_parse:parse_term/1) of
        Arguments when is_list(Arguments) -> show(call(Node, list_to_atom(Module), list_to_atom(Function), Arguments, infinity));
        _ -> sorry("The arguments have to be a list of Erlang terms, such as '[kernel, 1]'.", [])
    end;
command(Node, ["eval", Text]) ->
    {value, Value, _} = call(Node, erl_eval, exprs, [parsed(Text, fun erl_parse:parse_exprs/1), []], infinity),
    show(Value);
command(Node, ["reload"]) ->
    case call(Node, beam_tls_epmd, reload, [], ?PATIENCE) of
        ok -> ok;
        {error, Text} -> sorry("~ts did not take in its files: ~ts", [Node, Text])
    end;
command(Node, ["status"]) ->
    [io:format("~-12s~ts~n", [Key, Value]) || {Key, Value} <- call(Node, ?MODULE, status, [], ?PATIENCE)],
    ok.

ping(Node) ->
    case net_adm:ping(Node) of
        pong -> io:format("pong~n");
        pang -> unreachable(Node)
    end.

%% @doc The lines of a status, worked out in the node itself.
-spec status() -> [{string(), iolist()}].
status() ->
    {Milliseconds, _} = erlang:statistics(wall_clock),
    {ok, Allowed} = net_kernel:allowed(),
    Connected = erlang:nodes(),
    [{"node", atom_to_list(node())},
     {"otp", [erlang:system_info(otp_release), ", ERTS ", erlang:system_info(version)]},
     {"up", duration(Milliseconds div 1000)},
     {"memory", io_lib:format("~b MB", [erlang:memory(total) div 1000000])}]
    ++ [{"peer", [atom_to_list(Peer), case lists:member(Peer, Connected) of true -> "  connected"; false -> "  not connected" end]}
        || Peer <- lists:sort(Allowed), Peer =/= node()].

duration(Seconds) ->
    io_lib:format("~b d ~2..0b:~2..0b:~2..0b", [Seconds div 86400, Seconds rem 86400 div 3600, Seconds rem 3600 div 60, Seconds rem 60]).

call(Node, Module, Function, Arguments, Timeout) ->
    try
        erpc:call(Node, Module, Function, Arguments, Timeout)
    catch
        error:{erpc, noconnection} -> unreachable(Node);
        error:{erpc, timeout} -> sorry("~ts did not answer within ~b s.", [Node, Timeout div 1000]);
        error:{exception, Reason, _Stack} -> sorry("The call failed in ~ts: ~tp", [Node, Reason]);
        exit:{exception, Reason} -> sorry("The call ended in ~ts: ~tp", [Node, Reason]);
        throw:Thrown -> sorry("The call threw in ~ts: ~tp", [Node, Thrown]);
        error:Reason -> sorry("The call was not possible: ~tp", [Reason])
    end.

show(Value) ->
    io:format("~tp~n", [Value]).

parsed(Text, Parse) ->
    case erl_scan:string(string:trim(Text, trailing, ". \t\r\n") ++ ".") of
        {ok, Tokens, _} ->
            case Parse(Tokens) of
                {ok, Parsed} -> Parsed;
                {error, {_, Module, Error}} -> sorry("This is not Erlang: ~ts (~ts)", [Text, Module:format_error(Error)])
            end;
        {error, {_, Module, Error}, _} ->
            sorry("This is not Erlang: ~ts (~ts)", [Text, Module:format_error(Error)])
    end.

-spec unreachable(node()) -> no_return().
unreachable(Node) ->
    sorry("~ts cannot be reached: it is down, no node of this cluster, or does not let this host in; what it says is in the journal of its host.", [Node]).

-spec sorry(string(), [term()]) -> no_return().
sorry(Format, Arguments) ->
    throw({sorry, Format, Arguments}).
