%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

-module(guard_sup).
-behaviour(supervisor).
-export([start_link/0, init/1]).

start_link() ->
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

init([]) ->
    Children = [#{id => Module, start => {Module, start_link, []}} || Module <- [guard, guard_mesh, guard_load]],
    {ok, {#{strategy => one_for_one, intensity => 5, period => 10}, Children}}.
