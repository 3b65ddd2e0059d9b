%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% @doc Reads files of Erlang terms as file:consult/1 does, and before there is a file server: distribution starts earlier.
-module(beam_tls_terms).

-export([consult/1]).

%% @doc The terms of a file; what is wrong with it is told by the rest of a sentence about it.
-spec consult(file:filename()) -> {ok, [term()]} | {error, unreadable | string()}.
consult(Path) ->
    case erl_prim_loader:get_file(Path) of
        {ok, Bytes, _} ->
            try
                {ok, parse(Bytes)}
            catch
                throw:Text -> {error, Text}
            end;
        error ->
            {error, unreadable}
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
    lists:flatten(io_lib:format("line ~tp: ~ts", [Line, Module:format_error(Error)])).
