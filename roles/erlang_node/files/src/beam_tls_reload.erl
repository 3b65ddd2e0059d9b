%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% @doc Has the node reload its changed files, the cookie among them, when it is sent the signal HUP (flag -beam_tls_runtime DIRECTORY). No
%% connection is needed for that, so that it works whatever is wrong with the certificate in force, and with a port that others keep busy.
%%
%% Who wants an answer writes a line of its own choice to DIRECTORY/reload.asked before it sends the signal, and then finds it in
%% DIRECTORY/reload.told, with a second line behind: 'ok', or 'error' and a sentence.
-module(beam_tls_reload).
-behaviour(gen_event).

-export([expect/0, start/0, listens/0]).
-export([init/1, handle_event/2, handle_call/2]).

%% Milliseconds between two looks for the process that hands out signals.
-define(INTERVAL, 50).

%% @doc Keeps the signal from ending the node. Called as early as our code runs, which is before anything can act on the signal.
-spec expect() -> ok.
expect() ->
    case directory() of
        none -> ok;
        _ -> os:set_signal(sighup, handle)
    end.

%% @doc Begins to wait for the signal, in a process of its own. Called when the node begins to listen.
-spec start() -> ok.
start() ->
    case directory() of
        none ->
            ok;
        Directory ->
            _ = spawn(fun() -> run(Directory) end),
            ok
    end.

%% @doc Whether the signal is heard, where it is wanted.
-spec listens() -> boolean().
listens() ->
    directory() =:= none orelse lists:member(?MODULE, gen_event:which_handlers(erl_signal_server)).

directory() ->
    case init:get_argument(beam_tls_runtime) of
        {ok, [[Directory | _] | _]} -> Directory;
        _ -> none
    end.

run(Directory) ->
    try register(?MODULE, self()) of
        true -> hear(Directory)
    catch
        %% A node that listens twice hears the signal once.
        error:badarg -> ok
    end.

%% The process that hands out signals starts after the distribution.
hear(Directory) ->
    case whereis(erl_signal_server) of
        undefined ->
            timer:sleep(?INTERVAL),
            hear(Directory);
        _ ->
            ok = gen_event:add_sup_handler(erl_signal_server, ?MODULE, self()),
            wait(Directory)
    end.

wait(Directory) ->
    receive
        sighup ->
            _ = answer(Directory),
            wait(Directory);
        {gen_event_EXIT, ?MODULE, _} ->
            hear(Directory);
        _ ->
            wait(Directory)
    end.

answer(Directory) ->
    Asked = asked(filename:join(Directory, "reload.asked")),
    Outcome = try
                  case reload() of
                      ok -> "ok";
                      {error, Text} -> failed(Text)
                  end
              catch
                  _:Reason -> failed(io_lib:format("~tp", [Reason]))
              end,
    Told = filename:join(Directory, "reload.told"),
    %% Whole when it is there.
    case file:write_file(Told ++ ".next", unicode:characters_to_binary([Asked, $\n, Outcome, $\n])) of
        ok -> file:rename(Told ++ ".next", Told);
        {error, _} = Error -> Error
    end.

%% Nothing is put into force unless all of it can be.
reload() ->
    case cookie() of
        {error, _} = Error ->
            Error;
        Cookie ->
            case beam_tls_epmd:reload() of
                ok -> set_cookie(Cookie);
                {error, _} = Error -> Error
            end
    end.

%% Connections that stand do not feel it; the next ones need the new cookie on both sides.
set_cookie(none) ->
    ok;
set_cookie(Cookie) ->
    true = erlang:set_cookie(node(), Cookie),
    ok.

%% The cookie of the account's file, which is read as OTP reads it at the start (module auth), or none where another cookie was given to the node.
%% What is wrong with it is told without what is in it.
-spec cookie() -> atom() | {error, string()}.
cookie() ->
    case {init:get_argument(setcookie), init:get_argument(home)} of
        {error, {ok, [[Home | _] | _]}} ->
            Path = filename:join(Home, ".erlang.cookie"),
            case file:read_file(Path) of
                {ok, Content} -> usable(Path, binary_to_list(Content));
                {error, Reason} -> {error, unusable(Path, ["cannot be read (", file:format_error(Reason), ")"])}
            end;
        _ ->
            none
    end.

usable(Path, Content) ->
    {Text, Rest} = lists:splitwith(fun(Character) -> Character >= $\s andalso Character =< $~ end, Content),
    case string:trim(Rest, both, "\r\n ") of
        [] when Text =/= [], length(Text) =< 255 -> list_to_atom(Text);
        _ -> {error, unusable(Path, "holds no cookie")}
    end.

unusable(Path, What) ->
    lists:flatten(io_lib:format("~ts: this file ~ts", [Path, What])).

failed(Text) ->
    logger:error("the node did not reload its files: ~ts", [Text]),
    ["error ", [case Character of $\n -> $\s; _ -> Character end || Character <- lists:flatten(Text)]].

%% The line that was asked with; empty where nobody wants an answer.
asked(Path) ->
    case file:read_file(Path) of
        {ok, Content} -> hd(binary:split(Content, <<"\n">>));
        {error, _} -> <<>>
    end.

%% What erl_signal_server calls.

init(Waiting) ->
    {ok, Waiting}.

handle_event(sighup, Waiting) ->
    Waiting ! sighup,
    {ok, Waiting};
handle_event(_Signal, Waiting) ->
    {ok, Waiting}.

handle_call(_Request, Waiting) ->
    {ok, ok, Waiting}.
