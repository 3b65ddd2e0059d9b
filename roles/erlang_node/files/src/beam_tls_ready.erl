%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% @doc Tells systemd that the node has started, which means: the boot script is through with all applications up and all -s functions
%% returned, the node is distributed, it holds peers to the names of its table, and it hears the signal to reload its files. See sd_notify(3); without NOTIFY_SOCKET nothing is done.
-module(beam_tls_ready).

-export([start/0]).

%% Milliseconds between two looks at the state of the node.
-define(INTERVAL, 50).

%% @doc Starts to wait, in a process of its own. Called when the node begins to listen.
-spec start() -> ok.
start() ->
    case os:getenv("NOTIFY_SOCKET") of
        [First | _] = Socket when First =:= $/; First =:= $@ ->
            _ = spawn(fun() -> wait(Socket) end),
            ok;
        _ ->
            ok
    end.

wait(Socket) ->
    case init:get_status() of
        {started, _} ->
            case is_alive() andalso waited_for() =:= [] andalso beam_tls_reload:listens() andalso beam_tls_epmd:unbound() of
                [] -> tell(Socket, ["READY=1\nSTATUS=Node ", atom_to_list(node()), " is up\n"]);
                _ -> again(Socket)
            end;
        {stopping, _} ->
            ok;
        _ ->
            again(Socket)
    end.

%% Applications that have not started yet: the boot script asks for them, and does not wait.
waited_for() ->
    asked_for() -- [Name || {Name, _, _} <- application:which_applications(infinity)].

%% The permanent applications of the boot script, see script(4); none where the runtime's own script is used.
asked_for() ->
    case init:get_argument(boot) of
        {ok, [[Boot]]} ->
            {ok, Content} = file:read_file(Boot ++ ".boot"),
            {script, _, Commands} = binary_to_term(Content),
            [Name || {apply, {application, start_boot, [Name, permanent]}} <- Commands];
        error ->
            []
    end.

again(Socket) ->
    timer:sleep(?INTERVAL),
    wait(Socket).

tell(Socket, Text) ->
    {ok, Sender} = gen_udp:open(0, [local]),
    ok = gen_udp:send(Sender, {local, address(Socket)}, 0, unicode:characters_to_binary(Text)),
    gen_udp:close(Sender).

%% An @ stands for the zero byte with which abstract addresses begin.
address([$@ | Name]) -> [0 | Name];
address(Path) -> Path.
