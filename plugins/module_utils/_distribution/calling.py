# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One call of a function of a running node, in and out as tagged terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import diagnosis, options
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.attempt import AttemptFailed
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.channel import ChannelError
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.hidden_node import (
    CallError,
    HiddenNode,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.network import Peer
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.prober import Prober
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.etf_format import EtfError
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.tagged import from_tagged, to_tagged
from ansible_collections.beam.tls_distribution.plugins.module_utils._erlang.terms import TermError


class CallFault(Exception):
    """A call did not bring a result; ``fault`` says why."""

    def __init__(self, node: str, fault: diagnosis.Fault) -> None:
        super().__init__("%s: %s %s" % (node, fault.cause, fault.remedy))
        self.fault = fault


def call_tagged(prober: Prober, peer: Peer, params: Mapping[str, Any]) -> Any:
    """Return the tagged result of ``module:function(arguments)`` on peer; raise OptionError for arguments that are no
    terms, CallFault.
    """
    timeout = options.checked_timeout(params["call_timeout"])
    try:
        arguments = [from_tagged(argument) for argument in params["arguments"]]
    except TermError as error:
        raise options.OptionError("arguments: %s" % error) from error
    attempt = prober.attempt(peer)
    try:
        prober.go(attempt)
        node = HiddenNode.of(attempt)
        return to_tagged(node.call(params["module"], params["function"], arguments, timeout))
    except AttemptFailed as failure:
        raise CallFault(peer.node, prober.explain(attempt, failure)) from failure
    except EtfError as error:
        raise options.OptionError("arguments: %s" % error) from error
    except (CallError, ChannelError, OSError) as error:
        names = {**prober.names(attempt, diagnosis.describe(error)), "timeout": "%g" % timeout}
        raise CallFault(peer.node, diagnosis.explain(diagnosis.symptom("call", error), names)) from error
    finally:
        attempt.close()
