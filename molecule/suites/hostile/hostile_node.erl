%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% A node that has been taken over: whatever hidden node connects to it is told to run a command, to write a file that its account may write but
%% the node's sandbox does not let it, and to write to the terminal of whoever started it.
-module(hostile_node).
-export([start/0]).

start() ->
    spawn(fun() ->
        ok = net_kernel:monitor_nodes(true, [{node_type, hidden}]),
        loop()
    end),
    started.

loop() ->
    receive
        {nodeup, Node, _} ->
            spawn(Node, os, cmd, ["id > /var/lib/merl/OUTSIDE; tty >> /var/lib/merl/OUTSIDE; ls /tmp >> /var/lib/merl/OUTSIDE"]),
            spawn(Node, file, write_file, ["/var/lib/merl/OUTSIDE.node", <<"outside">>]),
            spawn(Node, file, write_file, ["/dev/tty", <<"TYPED", "-BY-THE-NODE">>, [append]]),
            loop();
        _ ->
            loop()
    end.
