# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

defprotocol MixReport.Shown do
  def shown(value)
end

defimpl MixReport.Shown, for: Integer do
  def shown(value), do: "integer #{value}"
end

defmodule MixReport do
  @moduledoc "What the application sees of its release."

  @variables ~w(FROM_ENV_SH FROM_VM_ARGS RELEASE_COMMAND RELEASE_DISTRIBUTION RELEASE_MODE RELEASE_NAME RELEASE_NODE RELEASE_VSN)

  @doc "A list of names and values, in order; where the release lies and what is random left out."
  def report do
    [
      application: Enum.sort(Application.get_all_env(:mix_report)),
      environment: for(name <- @variables, do: {name, System.get_env(name)}),
      node: node(),
      consolidated: Protocol.consolidated?(MixReport.Shown),
      shown: MixReport.Shown.shown(7),
      process_limit: :erlang.system_info(:process_limit),
      port_limit: :erlang.system_info(:port_limit),
      flag: :init.get_argument(:reported),
      code_mode: :code.get_mode(),
      loaded: for({name, _, version} <- Enum.sort(:application.loaded_applications()), do: {name, to_string(version)}),
      started: for({name, _, _} <- Enum.sort(:application.which_applications()), do: name),
      types: Enum.sort(started_as()),
      erts: to_string(:erlang.system_info(:version)),
      own_runtime: File.exists?(Path.join(:code.root_dir(), "bin/mix_report")),
      priv: to_string(:code.priv_dir(:mix_report)) |> String.replace_prefix(System.get_env("RELEASE_ROOT", "?"), ""),
      arguments: System.argv(),
      writable: writable(System.get_env("RELEASE_TMP"))
    ]
  end

  defp started_as do
    for {name, type} <- :application.info()[:started], do: {name, type}
  end

  defp writable(nil), do: nil
  defp writable(directory), do: File.mkdir_p(directory) == :ok and File.write(Path.join(directory, "report"), "") == :ok
end

defmodule MixReport.Application do
  @moduledoc false
  use Application

  @impl true
  def start(_type, _arguments) do
    with place when is_binary(place) <- System.get_env("REPORT_TO") do
      File.write!(place, Enum.map(MixReport.report(), fn {name, value} -> "#{name} #{inspect(value, limit: :infinity)}\n" end))
    end

    Supervisor.start_link([], strategy: :one_for_one, name: MixReport.Supervisor)
  end
end
