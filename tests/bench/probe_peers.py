# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the module node_ping does, without what Ansible puts around a module. Runs on a host; takes options, says edges."""

from __future__ import annotations

import json
import sys

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import options, probe

params = json.load(sys.stdin)["ANSIBLE_MODULE_ARGS"]
prober = options.prober(params["node"], params, "node", lambda paths: {})
edges = probe.probe(params["node"], prober, options.as_peers(params["peers"], None))
json.dump({"edges": [edge.result for edge in edges]}, sys.stdout)
