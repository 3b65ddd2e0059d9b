%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later

{application, guard,
 [{description, "Tells every node of the mesh about attacking addresses"},
  {vsn, "1.0.0"},
  {modules, [guard, guard_app, guard_load, guard_mesh, guard_store, guard_sup]},
  {registered, [guard, guard_load, guard_mesh, guard_sup]},
  {applications, [kernel, stdlib, mnesia]},
  {env, [{create_after, 3}, {force_load_after, 60}]},
  {mod, {guard_app, []}}]}.
