# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

defmodule MixReport.MixProject do
  use Mix.Project

  def project do
    [
      app: :mix_report,
      version: "1.0.0",
      elixir: "~> 1.14",
      deps: [],
      releases: [
        mix_report: [
          include_executables_for: [:unix],
          include_erts: System.get_env("WITH_ERTS") == "true",
          applications: applications(),
          steps: [:assemble, :tar]
        ]
      ]
    ]
  end

  def application do
    [mod: {MixReport.Application, []}, extra_applications: [:logger | further()]]
  end

  # Started otherwise than by default, which the .rel says: runtime_tools is loaded and never started.
  defp applications do
    [runtime_tools: :load]
  end

  defp further do
    if System.get_env("WITH_SSL") == "false", do: [], else: [:ssl]
  end
end
