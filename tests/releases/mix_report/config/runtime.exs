# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import Config

config :mix_report,
  both: "runtime.exs",
  port: String.to_integer(System.fetch_env!("PORT")),
  token: System.fetch_env!("TOKEN"),
  release: {System.get_env("RELEASE_NAME"), System.get_env("RELEASE_VSN")}
