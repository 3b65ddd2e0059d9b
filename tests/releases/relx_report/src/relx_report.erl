%% Copyright (c) 2026 beam.tls_distribution contributors
%% GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
%% SPDX-License-Identifier: GPL-3.0-or-later
%% @doc What the application sees of its release.
-module(relx_report).
-behaviour(application).
-behaviour(supervisor).

-export([report/0]).
-export([start/2, stop/1, init/1]).

%% @doc Names and values, in order; where the release lies and what is random left out.
-spec report() -> [{atom(), term()}].
report() ->
    [{application, lists:sort(application:get_all_env(?MODULE))},
     {environment, [{Name, os:getenv(Name)} || Name <- ["REL_NAME", "RELEASE_NAME", "RELEASE_VSN"]]},
     {node, node()},
     {process_limit, erlang:system_info(process_limit)},
     {flag, init:get_argument(reported)},
     {code_mode, code:get_mode()},
     {loaded, [{Name, Version} || {Name, _, Version} <- lists:sort(application:loaded_applications())]},
     {types, lists:sort(proplists:get_value(started, application:info()))},
     {erts, erlang:system_info(version)},
     {releases, [{Name, Version, Status} || {Name, Version, _, Status} <- release_handler:which_releases()]}].

start(_Type, _Arguments) ->
    ok = case os:getenv("REPORT_TO") of
             false -> ok;
             Place -> file:write_file(Place, [io_lib:format("~ts ~0tp~n", [Name, Value]) || {Name, Value} <- report()])
         end,
    supervisor:start_link({local, ?MODULE}, ?MODULE, []).

stop(_State) ->
    ok.

init([]) ->
    {ok, {#{}, []}}.
