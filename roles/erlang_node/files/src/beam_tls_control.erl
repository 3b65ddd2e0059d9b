%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% @doc What the node does for its control command, which is no Erlang node: it reads expressions, and writes terms as text.
%%
%% All texts are UTF-8. What a function that is called writes goes where its process is told to write, which for the control command is the
%% node's own standard output.
-module(beam_tls_control).

-export([rpc/3, eval/1, status/1]).

%% Characters of a term that are written; what is left out shows as three dots.
-define(LIMIT, 1000000).

-type answer() :: {ok, unicode:unicode_binary()} | {error, unicode:unicode_binary()}.

%% @doc Calls a function; the arguments are the text of a list of terms.
-spec rpc(binary(), binary(), binary()) -> answer().
rpc(Module, Function, Text) ->
    answer(fun() ->
        case parsed(Text, fun erl_parse:parse_term/1) of
            Arguments when is_list(Arguments) -> call(atom(Module), atom(Function), Arguments);
            _ -> sorry("The arguments have to be a list of Erlang terms, such as '[kernel, 1]'.", [])
        end
    end).

%% @doc Evaluates expressions; the value of the last one is the answer.
-spec eval(binary()) -> answer().
eval(Text) ->
    answer(fun() ->
        {value, Value, _} = call(erl_eval, exprs, [parsed(Text, fun erl_parse:parse_exprs/1), []]),
        Value
    end).

%% @doc The lines of a status: keys and values. Asking is the name of the node that asks, which is of no interest.
-spec status(binary()) -> [{binary(), unicode:unicode_binary()}].
status(Asking) ->
    {Milliseconds, _} = erlang:statistics(wall_clock),
    [{<<"node">>, written(node())},
     {<<"otp">>, text("~ts, ERTS ~ts", [erlang:system_info(otp_release), erlang:system_info(version)])},
     {<<"up">>, duration(Milliseconds div 1000)},
     {<<"memory">>, text("~b MB", [erlang:memory(total) div 1000000])}]
    ++ [{<<"peer">>, text("~ts  ~ts", [Peer, state(Peer)])} || Peer <- peers()]
    ++ [{<<"other">>, text("~ts  ~ts, not in the table of peers", [Node, state(Node)])}
        || Node <- lists:sort(erlang:nodes(connected)) -- peers(), written(Node) =/= Asking].

%% The nodes of the table of peers in force but this one, each once, however often the table was reloaded.
peers() ->
    #{peers := Peers} = persistent_term:get(beam_tls_epmd, #{peers => #{}}),
    lists:usort([element(1, Place) || Place <- maps:values(Peers)]) -- [node()].

state(Node) ->
    case {lists:member(Node, erlang:nodes()), lists:member(Node, erlang:nodes(connected))} of
        {true, _} -> "connected";
        {false, true} -> "connected, hidden";
        {false, false} -> "not connected"
    end.

duration(Seconds) ->
    text("~b d ~2..0b:~2..0b:~2..0b", [Seconds div 86400, Seconds rem 86400 div 3600, Seconds rem 3600 div 60, Seconds rem 60]).

answer(Work) ->
    try Work() of
        Value -> {ok, unicode:characters_to_binary(io_lib:format("~tp~n", [Value], [{chars_limit, ?LIMIT}]))}
    catch
        throw:{?MODULE, Sentence} -> {error, Sentence}
    end.

call(Module, Function, Arguments) ->
    try
        apply(Module, Function, Arguments)
    catch
        error:Reason -> sorry("The call failed in ~ts: ~tp", [node(), Reason]);
        exit:Reason -> sorry("The call ended in ~ts: ~tp", [node(), Reason]);
        throw:Thrown -> sorry("The call threw in ~ts: ~tp", [node(), Thrown])
    end.

parsed(Text, Parse) ->
    Characters = characters(Text),
    case erl_scan:string(string:trim(Characters, trailing, ". \t\r\n") ++ ".") of
        {ok, Tokens, _} ->
            case Parse(Tokens) of
                {ok, Parsed} -> Parsed;
                {error, {_, Module, Error}} -> sorry("This is not Erlang: ~ts (~ts)", [Characters, Module:format_error(Error)])
            end;
        {error, {_, Module, Error}, _} ->
            sorry("This is not Erlang: ~ts (~ts)", [Characters, Module:format_error(Error)])
    end.

atom(Text) ->
    try
        list_to_atom(characters(Text))
    catch
        error:system_limit -> sorry("This is longer than a name of Erlang may be: ~ts", [Text])
    end.

characters(Text) ->
    case unicode:characters_to_list(Text) of
        Characters when is_list(Characters) -> Characters;
        _ -> sorry("This is no UTF-8 text: ~tp", [Text])
    end.

written(Atom) ->
    atom_to_binary(Atom, utf8).

text(Format, Arguments) ->
    unicode:characters_to_binary(io_lib:format(Format, Arguments, [{chars_limit, ?LIMIT}])).

-spec sorry(string(), [term()]) -> no_return().
sorry(Format, Arguments) ->
    throw({?MODULE, text(Format, Arguments)}).
