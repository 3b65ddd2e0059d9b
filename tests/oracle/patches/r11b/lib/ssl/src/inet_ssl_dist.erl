%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% Written for the tests: a module that listens as the howto of 2006 shows that of R11B-2 to do. The rest of that module is not here.
-module(inet_ssl_dist).

%% Handles the connection setup phase with other Erlang nodes.

-export([listen/1]).

%% ------------------------------------------------------------
%% Create the listen socket.
%% ------------------------------------------------------------

listen(Name) ->
    case ssl_prim:listen(0, [{active, false}, {packet,4}] ++ 
			 get_ssl_options(server)) of
	{ok, Socket} ->
	    {ok, {Name, Socket}};
	Error ->
	    Error
    end.

get_ssl_options(server) ->
    [{nodelay, true}].
