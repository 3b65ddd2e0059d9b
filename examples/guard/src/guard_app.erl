%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

-module(guard_app).
-behaviour(application).
-export([start/2, stop/1]).

start(_Type, _Arguments) ->
    guard_sup:start_link().

stop(_State) ->
    ok.
