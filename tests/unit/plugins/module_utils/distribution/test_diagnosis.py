# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The catalogue holds together: whatever happens has one entry, and its sentences can be filled in."""

from __future__ import annotations

import errno
import socket
import ssl
import string

import pytest
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution import (
    channel,
    diagnosis,
    epmd,
    handshake,
    tls,
)
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.catalogue import CATALOGUE
from ansible_collections.beam.tls_distribution.plugins.module_utils._distribution.fault_entry import Symptom

NAMES = {
    "address", "cacertfile", "certfile", "cookie_file", "detail", "epmd_port", "host", "node", "own_host", "owner",
    "port", "timeout",
    "from", "to", "walls",
}  # fmt: skip
SEVERAL = {"between", "detail", "direction", "epmd_port", "port", "timeout"}
HOSTS = {"own_host": "alpha.example.net", "host": "bravo.example.net"}


def test_every_fault_has_one_entry():
    ids = [entry.id for entry in CATALOGUE]
    assert sorted(set(ids)) == sorted(ids)


def test_what_is_explained_is_in_the_catalogue_and_not_the_fault_itself():
    for entry in CATALOGUE:
        assert all(diagnosis.known(name) for name in entry.explains), entry.id
        assert entry.id not in entry.explains


def test_no_entry_hides_another_one():
    for entry in CATALOGUE:
        for symptom in entry.symptoms:
            assert diagnosis.entry_of(symptom).id == entry.id, symptom


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.id)
def test_sentences(entry):
    for sentence in entry.several or ():
        assert sentence.endswith(".") and sentence.count(". ") == 0
        assert {name for _text, name, _form, _conversion in string.Formatter().parse(sentence) if name} <= SEVERAL
    for sentence in (entry.cause, entry.remedy):
        assert sentence.endswith(".") and sentence.count(". ") == 0
        assert {name for _text, name, _form, _conversion in string.Formatter().parse(sentence) if name} <= NAMES


@pytest.mark.parametrize(
    ("stage", "error", "name", "host"),
    [
        ("resolve", socket.gaierror(socket.EAI_NONAME, "unknown"), "name-unknown", "alpha.example.net"),
        ("resolve", socket.gaierror(socket.EAI_AGAIN, "later"), "resolver-unavailable", "alpha.example.net"),
        ("resolve", epmd.EpmdNoSuchName("guard"), "epmd-name-unknown", "bravo.example.net"),
        ("connect", ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "connection-refused", "bravo.example.net"),
        ("connect", OSError(errno.ENETUNREACH, "unreachable"), "connection-no-route", "alpha.example.net"),
        ("connect", socket.timeout("timed out"), "connection-filtered", None),
        ("tls", channel.PeerClosed(), "tls-closed", "bravo.example.net"),
        ("tls", ssl.SSLEOFError("end"), "tls-closed", "bravo.example.net"),
        ("tls", tls.LocalFileError("cookie", "rights", "/c", "mode"), "cookie-file-rights", "alpha.example.net"),
        ("handshake", handshake.Refused("not_allowed"), "node-not-allowed", "bravo.example.net"),
        ("handshake", diagnosis.NamesMixed("it is guard@bravo"), "names-mixed", "bravo.example.net"),
        ("handshake", diagnosis.OtherNode("it is x@y"), "other-node", "bravo.example.net"),
        ("cookie", channel.PeerClosed(), "cookie-mismatch", "bravo.example.net"),
        ("cookie", channel.DeadlineExceeded("late"), "cookie-timeout", "bravo.example.net"),
        ("tls", RuntimeError("what is this"), "tls-failed", "bravo.example.net"),
    ],
)
def test_exceptions(stage, error, name, host):
    found = diagnosis.explain(diagnosis.symptom(stage, error), HOSTS)
    assert (found.id, found.host) == (name, host)


def test_what_a_host_finds_is_put_right_there():
    found = diagnosis.explain(Symptom("host", "table", "missing"), {**HOSTS, "detail": "carol.example.net"})
    assert (found.id, found.host) == ("node-not-allowed", "alpha.example.net")
    assert found.cause.startswith("alpha.example.net does not let the node of carol.example.net in")


def test_what_is_not_known_is_filled_in_visibly():
    assert "?" in diagnosis.explain(Symptom("connect", "timeout"), {}).cause
