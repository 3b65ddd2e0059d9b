%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% Answers the control command in place of the module of that name, with whatever an expression says: what a node may answer that has been taken over.
-module(beam_tls_control).
-export([eval/1, rpc/3, status/1]).

eval(Text) ->
    {ok, Tokens, _} = erl_scan:string(binary_to_list(Text) ++ "."),
    {ok, Expressions} = erl_parse:parse_exprs(Tokens),
    {value, Value, _} = erl_eval:exprs(Expressions, []),
    Value.

rpc(_, _, Text) ->
    eval(Text).

status(_) ->
    [{<<"node\e[2J">>, <<"\e]0;title\007">>}].
