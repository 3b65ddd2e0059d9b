%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

%% Written for the tests: in the place of R11B's module of this name, sockets without TLS.
-module(ssl_prim).

-export([listen/2]).

listen(Port, Options) ->
    gen_tcp:listen(Port, Options).
