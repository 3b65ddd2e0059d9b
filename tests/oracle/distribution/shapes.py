# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every shape of certificate file, trust bundle and CA that the field knows, each in one small deviation from what is right."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

import der
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa
from der import DAY, HOUR, Issuer, Key

CA_EXTENSIONS = [der.basic_constraints(True), der.key_usage("keyCertSign", "cRLSign")]
CURVES = {"P-224": ec.SECP224R1, "P-256": ec.SECP256R1, "P-384": ec.SECP384R1, "P-521": ec.SECP521R1, "secp256k1": ec.SECP256K1,
          "brainpool": ec.BrainpoolP256R1}  # fmt: skip
CRL_NUMBER = "2.5.29.20"


class Shape(NamedTuple):
    """What a node shows (``pem``, certificates and key) and what all trust."""

    name: str
    pem: bytes
    trust: bytes
    mate: bytes = b""


class Workshop:
    """Makes shapes for a host; keys are made once."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.keys: dict[Any, Key] = {}
        self.root = self.authority("The CA", self.key("P-256", "root"))
        self.leaf_key = self.key("P-256", "leaf")

    def key(self, kind: str, label: str = "") -> Key:
        """A private key of a kind; the same for the same label."""
        if (kind, label) not in self.keys:
            self.keys[kind, label] = self._made(kind)
        return self.keys[kind, label]

    def _made(self, kind: str) -> Key:
        if kind in CURVES:
            return Key(ec.generate_private_key(CURVES[kind]()))
        if kind == "RSA-8676":
            return Key(mersenne(4253, 4423))
        if kind == "RSA-PSS":
            return Key(self.key("RSA-2048").private, pss=True)
        if kind.startswith("RSA-"):
            return Key(rsa.generate_private_key(65537, int(kind[4:])))
        if kind == "DSA":
            return Key(dsa.generate_private_key(2048))
        return Key({"Ed25519": ed25519.Ed25519PrivateKey, "Ed448": ed448.Ed448PrivateKey}[kind].generate())

    def authority(self, name: str, key: Key, issuer: Issuer | None = None, extensions: list[bytes] | None = None, **fields: Any) -> Issuer:
        """A CA, its own root without an issuer."""
        made = der.certificate(der.name(name), key, issuer, CA_EXTENSIONS if extensions is None else extensions, **fields)
        return Issuer(der.name(name), key, made)

    def leaf(self, issuer: Issuer | None = None, key: Key | None = None, subject: str | None = None, **fields: Any) -> bytes:
        """A certificate for the host, right but for the fields given; ``constraints``, ``usage``, ``purposes`` and ``names`` take the
        place of an extension, or leave it out (None). ``more`` are extensions behind them.
        """
        chosen = {
            "constraints": der.basic_constraints(False),
            "usage": der.key_usage("digitalSignature"),
            "purposes": der.purposes("server", "client"),
            "names": der.alternative_names(("dns", self.host)),
        }
        chosen.update({field: fields.pop(field) for field in list(fields) if field in chosen})
        extensions = [each for each in chosen.values() if each is not None] + fields.pop("more", [])
        subject_name = der.name(self.host if subject is None else subject)
        return der.certificate(subject_name, key or self.leaf_key, issuer or self.root, extensions, **fields)

    def shape(self, name: str, *certificates: bytes, key: Key | None = None, trust: list[bytes] | None = None) -> Shape:
        """A file in the usual order, key first."""
        text = (key or self.leaf_key).pem() + certs(*certificates)
        return Shape(name, text.encode(), certs(*(trust or [self.root.certificate])).encode())

    def mate(self, *issuers: Issuer) -> bytes:
        """The file of a host that is as it should be, host1 of the same domain; behind the leaf, the certificates of further issuers."""
        host = "host1." + self.host.partition(".")[2]
        made = self.leaf(issuers[0], subject=host, names=der.alternative_names(("dns", host)))
        return (self.leaf_key.pem() + certs(made, *(each.certificate for each in issuers[1:]))).encode()

    def shapes(self) -> Iterator[Shape]:
        """All of them, each under a name of its own."""
        yield self.shape("as it should be", self.leaf())
        yield from self._keys()
        yield from self._signatures()
        yield from self._usages()
        yield from self._names()
        yield from self._dates()
        yield from self._particulars()
        yield from self._chains()
        yield from self._authorities()
        yield from self._encodings()

    def _keys(self) -> Iterator[Shape]:
        rsa = ("RSA-1024", "RSA-2048", "RSA-3072", "RSA-4096", "RSA-8676", "RSA-PSS")
        for kind in (*rsa, "P-224", "brainpool", "P-384", "P-521", "secp256k1", "Ed25519", "Ed448", "DSA"):
            key = self.key(kind)
            yield self.shape("key " + kind, self.leaf(key=key), key=key)

    def _signatures(self) -> Iterator[Shape]:
        ways = [
            ("RSA-2048", how) for how in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "pss-sha256", "pss-sha384", "pss-sha512")
        ]
        ways += [("P-256", how) for how in ("sha1", "sha224", "sha256", "sha384", "sha512")]
        ways += [("P-224", "sha256"), ("P-384", "sha384"), ("P-384", "sha256"), ("P-521", "sha512"), ("secp256k1", "sha256")]
        ways += [
            ("Ed25519", ""),
            ("Ed448", ""),
            ("RSA-1024", "sha256"),
            ("RSA-4096", "sha256"),
            ("RSA-PSS", "pss-sha256"),
            ("DSA", "sha256"),
        ]
        for kind, how in ways:
            issuer = self.authority("CA of " + kind, self.key(kind), how="pss-sha256" if kind == "RSA-PSS" else "sha256")
            yield self.shape(
                "signed by %s with %s" % (kind, how), self.leaf(issuer, how=how), trust=[self.root.certificate, issuer.certificate]
            )
        weak = self.authority("Weakly signed", self.key("RSA-2048"), how="md5")
        yield self.shape("CA signed itself with md5", self.leaf(weak), trust=[self.root.certificate, weak.certificate])

    def _usages(self) -> Iterator[Shape]:
        usages = {
            "no keyUsage": None,
            "keyUsage not critical": der.key_usage("digitalSignature", critical=False),
            "keyUsage keyEncipherment alone": der.key_usage("keyEncipherment"),
            "keyUsage keyAgreement alone": der.key_usage("keyAgreement"),
            "keyUsage nonRepudiation alone": der.key_usage("nonRepudiation"),
            "keyUsage empty": der.key_usage(),
            "keyUsage digitalSignature and keyEncipherment": der.key_usage("digitalSignature", "keyEncipherment"),
            "keyUsage of a CA too": der.key_usage("digitalSignature", "keyCertSign", "cRLSign"),
            "keyUsage of a CA alone": der.key_usage("keyCertSign", "cRLSign"),
        }
        for name, usage in usages.items():
            yield self.shape(name, self.leaf(usage=usage))
        purposes = {
            "no extKeyUsage": None,
            "extKeyUsage server alone": der.purposes("server"),
            "extKeyUsage client alone": der.purposes("client"),
            "extKeyUsage any alone": der.purposes("any"),
            "extKeyUsage any and both": der.purposes("any", "server", "client"),
            "extKeyUsage code signing alone": der.purposes("code"),
            "extKeyUsage code signing too": der.purposes("server", "client", "code"),
            "extKeyUsage critical": der.purposes("server", "client", critical=True),
            "extKeyUsage any alone, critical": der.purposes("any", critical=True),
            "extKeyUsage server alone, critical": der.purposes("server", critical=True),
        }
        for name, purpose in purposes.items():
            yield self.shape(name, self.leaf(purposes=purpose))
        constraints = {
            "no basicConstraints": None,
            "CA:TRUE": der.basic_constraints(True),
            "CA:TRUE, pathlen:0": der.basic_constraints(True, 0),
            "basicConstraints not critical": der.basic_constraints(False, critical=False),
            "CA:FALSE, pathlen:0": der.basic_constraints(False, 0),
        }
        for name, constraint in constraints.items():
            yield self.shape(name, self.leaf(constraints=constraint))
        whole = der.key_usage("digitalSignature", "keyCertSign")
        yield self.shape("CA:TRUE with keyCertSign", self.leaf(constraints=der.basic_constraints(True), usage=whole))
        loose = der.key_usage("nonRepudiation")
        yield self.shape("keyUsage nonRepudiation alone, no extKeyUsage", self.leaf(usage=loose, purposes=None))
        both = der.key_usage("digitalSignature", "keyCertSign")
        yield self.shape("keyUsage of a CA too, no extKeyUsage", self.leaf(usage=both, purposes=None))
        yield self.shape("no extensions but the name", self.leaf(constraints=None, usage=None, purposes=None))

    def _names(self) -> Iterator[Shape]:
        host, domain = self.host, self.host.partition(".")[2]
        names: dict[str, list[tuple[str, str | bytes]]] = {
            "in capitals": [("dns", host.upper())],
            "wildcard": [("dns", "*." + domain)],
            "wildcard, and the name": [("dns", "*." + domain), ("dns", host)],
            "wildcard within the label": [("dns", host[:3] + "*." + domain)],
            "other name": [("dns", "other." + domain)],
            "other name, and the name": [("dns", "other." + domain), ("dns", host)],
            "host alone": [("dns", host.partition(".")[0])],
            "with a dot behind": [("dns", host + ".")],
            "address alone": [("ip", b"\x7f\0\0\2")],
            "address, and the name": [("ip", b"\x7f\0\0\2"), ("dns", host)],
            "mail alone": [("email", "root@" + host)],
            "mail, and the name": [("email", "root@" + host), ("dns", host)],
            "URI alone": [("uri", "erlang:" + host)],
            "IDN in letters": [("dns", "hö.".encode() + domain.encode())],
            "IDN in letters, and the name": [("dns", "hö.".encode() + domain.encode()), ("dns", host)],
            "empty list": [],
            "empty name": [("dns", "")],
            "name twice": [("dns", host), ("dns", host)],
            "name with a nul": [("dns", host + "\0.example.org")],
            "with a space": [("dns", host + " ")],
        }
        for name, wanted in names.items():
            yield self.shape("subjectAltName " + name, self.leaf(names=der.alternative_names(*wanted)))
        yield self.shape("subjectAltName critical", self.leaf(names=der.alternative_names(("dns", host), critical=True)))
        yield self.shape(
            "subjectAltName critical, no subject", self.leaf(subject="", names=der.alternative_names(("dns", host), critical=True))
        )
        yield self.shape("no subject", self.leaf(subject=""))
        yield self.shape("no subjectAltName, CN is the host", self.leaf(names=None))
        yield self.shape("no subjectAltName, no CN", self.leaf(names=None, subject=""))
        yield self.shape("CN is another host", self.leaf(subject="other." + domain))
        yield self.shape("CN is the node", self.leaf(subject="guard@" + host))

    def _dates(self) -> Iterator[Shape]:
        yield self.shape("expired", self.leaf(begin=-9 * DAY, end=-HOUR))
        yield self.shape("not valid yet", self.leaf(begin=HOUR))
        yield self.shape("GeneralizedTime before 2050", self.leaf(generalized=True))
        yield self.shape("until 2060", self.leaf(end=datetime(2060, 1, 1, tzinfo=timezone.utc)))
        yield self.shape("until 9999", self.leaf(end=datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)))
        yield self.shape("since 1950", self.leaf(begin=datetime(1950, 1, 1, tzinfo=timezone.utc)))
        yield self.shape("ends before it begins", self.leaf(begin=DAY, end=-DAY))

    def _particulars(self) -> Iterator[Shape]:
        for name, serial in {"0": 0, "negative": -5, "of 20 bytes": 1 << 158, "of 40 bytes": 1 << 318}.items():
            yield self.shape("serial number " + name, self.leaf(serial=serial))
        yield self.shape("version 1", der.certificate(der.name(self.host), self.leaf_key, self.root, [], version=1))
        yield self.shape("version 1 with extensions", self.leaf(version=1))
        yield self.shape("version 2", self.leaf(version=2))
        unknown = "1.3.6.1.4.1.99999.1"
        yield self.shape("unknown extension", self.leaf(more=[der.extension(unknown, der.NULL)]))
        yield self.shape("unknown extension, critical", self.leaf(more=[der.extension(unknown, der.NULL, critical=True)]))
        yield self.shape("extension twice", self.leaf(more=[der.key_usage("digitalSignature")]))
        policies = der.extension("2.5.29.32", der.sequence(der.sequence(der.oid("1.3.6.1.4.1.99999.2"))), critical=True)
        yield self.shape("certificate policies, critical", self.leaf(more=[policies]))
        yield self.shape(
            "issuer alternative name, critical", self.leaf(more=[der.extension("2.5.29.18", der.sequence(der.tlv(0x82, b"a")), True)])
        )
        yield self.shape("subject key identifier, critical", self.leaf(more=[der.extension("2.5.29.14", der.tlv(0x04, b"abcd"), True)]))
        points = der.sequence(der.sequence(der.tlv(0xA0, der.tlv(0xA0, der.tlv(0x86, b"http://127.0.0.1/crl")))))
        yield self.shape("CRL distribution point, critical", self.leaf(more=[der.extension("2.5.29.31", points, True)]))
        limits = {"policy constraints": ("36", der.tlv(0x81, b"\5")), "inhibit any policy": ("54", b"\5")}
        for name, (number, content) in limits.items():
            value = der.sequence(content) if number == "36" else der.integer(5)
            yield self.shape(name + ", critical", self.leaf(more=[der.extension("2.5.29." + number, value, True)]))
        strange = der.extension("2.5.29.35", der.sequence(der.tlv(0x80, b"somebody else's")))
        yield self.shape("authority key identifier of another key", self.leaf(more=[strange]))
        yield self.shape("name constraints in the leaf", self.leaf(more=[der.name_constraints((self.host,))]))

    def _chains(self) -> Iterator[Shape]:
        middle = self.authority("Middle", self.key("P-256", "middle"), self.root)
        low = self.authority("Low", self.key("P-256", "low"), middle)
        stranger = self.authority("Stranger", self.key("P-256", "stranger"))
        root, below, lowest = self.root.certificate, self.leaf(middle), self.leaf(low)
        yield self.shape("intermediate", below, middle.certificate)
        yield self.shape("intermediate absent", below)
        yield self.shape("intermediate absent, and trusted", below, trust=[root, middle.certificate])
        yield self.shape("intermediate, and trusted", below, middle.certificate, trust=[root, middle.certificate])
        alone = [middle.certificate]
        yield self.shape("intermediate alone trusted", below, middle.certificate, trust=alone)._replace(mate=self.mate(middle))
        yield self.shape("intermediate alone trusted, and absent", below, trust=alone)._replace(mate=self.mate(middle))
        yield self.shape("intermediate twice", below, middle.certificate, middle.certificate)
        yield self.shape("intermediate and root", below, middle.certificate, root)
        yield self.shape("root before the intermediate", below, root, middle.certificate)
        yield self.shape("two intermediates", lowest, low.certificate, middle.certificate)
        yield self.shape("two intermediates in the wrong order", lowest, middle.certificate, low.certificate)
        yield self.shape("two intermediates, one absent", lowest, low.certificate)
        yield self.shape("intermediate before the leaf", middle.certificate, below)
        yield self.shape("root behind", self.leaf(), root)
        yield self.shape("root behind, twice", self.leaf(), root, root)
        yield self.shape("root before the leaf", root, self.leaf())
        yield self.shape("leaf twice", self.leaf(), self.leaf())
        yield self.shape("stranger behind", self.leaf(), stranger.certificate)
        yield self.shape("stranger behind the intermediate", below, middle.certificate, stranger.certificate)
        yield self.shape("stranger before the intermediate", below, stranger.certificate, middle.certificate)
        yield self.shape("stranger behind, and trusted", self.leaf(), stranger.certificate, trust=[root, stranger.certificate])
        yield self.shape("unrelated intermediate behind", self.leaf(), middle.certificate)
        yield self.shape("another host's leaf behind", self.leaf(), self.leaf(subject="other", key=self.key("P-256", "other")))
        yield self.shape("old certificate behind", self.leaf(serial=2), self.leaf(serial=1, begin=-9 * DAY, end=-HOUR))
        yield self.shape("old certificate before", self.leaf(serial=1, begin=-9 * DAY, end=-HOUR), self.leaf(serial=2))
        yield self.shape("old certificate of another key behind", self.leaf(serial=2), self.leaf(serial=1, key=self.key("P-256", "old")))
        yield self.shape("intermediate, and the leaf again", below, middle.certificate, below)
        yield self.shape("intermediate, and an old certificate", below, middle.certificate, self.leaf(middle, serial=9))
        yield self.shape("root behind, and a stranger", self.leaf(), root, stranger.certificate)
        yield self.shape("stranger behind, and the root", self.leaf(), stranger.certificate, root)
        twin = self.authority("Middle", self.key("P-256", "twin"), self.root, serial=77)
        yield self.shape("intermediate, and another of its name", below, middle.certificate, twin.certificate)
        yield self.shape("another of its name, and the intermediate", below, twin.certificate, middle.certificate)
        yield self.shape(
            "self-signed", der.certificate(der.name(self.host), self.leaf_key, None, [der.alternative_names(("dns", self.host))])
        )
        own = der.certificate(
            der.name(self.host), self.leaf_key, None, [der.alternative_names(("dns", self.host)), der.key_usage("digitalSignature")]
        )
        yield self.shape("self-signed and trusted", own, trust=[root, own])
        of_stranger = self.leaf(stranger)
        yield self.shape("of a stranger", of_stranger)
        yield self.shape("of a stranger, with the stranger", of_stranger, stranger.certificate)
        yield self.shape("leaf itself trusted", of_stranger, trust=[root, of_stranger])
        yield self.shape("signed by another leaf", self.leaf(Issuer(der.name("a leaf"), self.key("P-256", "other"), b"")),
                         self.leaf(subject="a leaf", key=self.key("P-256", "other")))  # fmt: skip
        yield self.shape("signature of another key", self.leaf(Issuer(self.root.name, self.key("P-256", "other"), b"")))
        capped = self.authority("Capped", self.key("P-256", "middle"), self.root, [der.basic_constraints(True, 0), CA_EXTENSIONS[1]])
        under = self.authority("Under", self.key("P-256", "low"), capped)
        yield self.shape("path of an intermediate too long", self.leaf(under), under.certificate, capped.certificate)
        usages = {
            "without keyUsage": [CA_EXTENSIONS[0]],
            "without keyCertSign": [CA_EXTENSIONS[0], der.key_usage("cRLSign")],
            "without CA:TRUE": [der.basic_constraints(False), CA_EXTENSIONS[1]],
            "without basicConstraints": [CA_EXTENSIONS[1]],
            "for servers alone": [*CA_EXTENSIONS, der.purposes("server")],
            "for any use": [*CA_EXTENSIONS, der.purposes("any")],
            "for the host's names": [*CA_EXTENSIONS, der.name_constraints((self.host,))],
            "for other names": [*CA_EXTENSIONS, der.name_constraints(("example.org",))],
            "not for the host's names": [*CA_EXTENSIONS, der.name_constraints(excluded=(self.host,))],
            "with an unknown critical extension": [*CA_EXTENSIONS, der.extension("1.3.6.1.4.1.99999.1", der.NULL, True)],
        }
        for name, extensions in usages.items():
            made = self.authority("Middle", self.key("P-256", "middle"), self.root, extensions)
            yield self.shape("intermediate " + name, self.leaf(made), made.certificate)
        for name, fields in {
            "expired": {"begin": -9 * DAY, "end": -HOUR},
            "signed with sha1": {"how": "sha1"},
            "of version 1": {"version": 1},
        }.items():
            made = self.authority("Middle", self.key("P-256", "middle"), self.root, [] if "version" in fields else None, **fields)
            yield self.shape("intermediate " + name, self.leaf(made), made.certificate)

    def _authorities(self) -> Iterator[Shape]:
        usages = {
            "without keyUsage": [CA_EXTENSIONS[0]],
            "without keyCertSign": [CA_EXTENSIONS[0], der.key_usage("cRLSign")],
            "without CA:TRUE": [der.basic_constraints(False), CA_EXTENSIONS[1]],
            "without extensions": [],
            "with pathlen:0": [der.basic_constraints(True, 0), CA_EXTENSIONS[1]],
            "for the host's names": [*CA_EXTENSIONS, der.name_constraints((self.host, "host1." + self.host.partition(".")[2]))],
            "for the domain": [*CA_EXTENSIONS, der.name_constraints((self.host.partition(".")[2],))],
            "for other names": [*CA_EXTENSIONS, der.name_constraints(("example.org",))],
            "not for the host's names": [*CA_EXTENSIONS, der.name_constraints(excluded=(self.host,))],
            "for servers alone": [*CA_EXTENSIONS, der.purposes("server")],
            "with an unknown critical extension": [*CA_EXTENSIONS, der.extension("1.3.6.1.4.1.99999.1", der.NULL, True)],
        }
        root = self.root.certificate
        for name, extensions in usages.items():
            made = self.authority("Root " + name, self.key("P-256", "another root"), None, extensions)
            yield self.shape("root " + name, self.leaf(made), trust=[root, made.certificate])
        capped = self.authority("Root", self.key("P-256", "another root"), None, usages["with pathlen:0"])
        middle = self.authority("Middle", self.key("P-256", "middle"), capped)
        yield self.shape("path of the root too long", self.leaf(middle), middle.certificate, trust=[root, capped.certificate])
        for name, fields in {
            "expired": {"begin": -9 * DAY, "end": -HOUR},
            "not valid yet": {"begin": HOUR},
            "of version 1": {"version": 1},
        }.items():
            made = self.authority("Root " + name, self.key("P-256", "another root"), None, [] if "version" in fields else None, **fields)
            yield self.shape("root " + name, self.leaf(made), trust=[root, made.certificate])
        twin = self.authority("The CA", self.key("P-256", "twin"), serial=99)
        yield self.shape("two roots of one name, the right one first", self.leaf(), trust=[root, twin.certificate])
        yield self.shape("two roots of one name, the right one last", self.leaf(), trust=[twin.certificate, root])
        yield self.shape("two roots of one name, the leaf is the other's", self.leaf(twin), trust=[root, twin.certificate])
        same = self.authority("The CA", self.key("P-256", "twin"))
        yield self.shape("two roots of one name and number", self.leaf(), trust=[root, same.certificate])
        renewed = self.authority("The CA", self.root.key, serial=100)
        yield self.shape("root renewed with its key", self.leaf(), trust=[renewed.certificate])
        yield self.shape("root and the one renewed with its key", self.leaf(), trust=[root, renewed.certificate])
        yield self.shape("root twice in the bundle", self.leaf(), trust=[root, root])

    def _encodings(self) -> Iterator[Shape]:
        key, cert = self.leaf_key.pem(), certs(self.leaf())
        trust = certs(self.root.certificate).encode()
        middle = base64.encodebytes(self.leaf()).decode()
        rsa_key = self.key("RSA-2048")
        padded = next((each for each in (self.leaf(serial=number) for number in range(1, 99)) if len(each) % 3), b"")
        texts: dict[str, str | bytes] = {
            "key last": cert + key,
            "CRLF": (key + cert).replace("\n", "\r\n"),
            "CR alone": (key + cert).replace("\n", "\r"),
            "text before": "Bag Attributes\n    friendlyName: guard\n" + key + "subject=CN = host\n" + cert,
            "BOM": b"\xef\xbb\xbf" + (key + cert).encode(),
            "BOM, certificate first": b"\xef\xbb\xbf" + (cert + key).encode(),
            "no line end at the end": (key + cert).rstrip("\n"),
            "spaces behind lines": (key + cert).replace("\n", "  \n"),
            "spaces before lines": "".join("  %s\n" % line for line in (key + cert).splitlines()),
            "tabs before the content": key + "".join(line if "-" in line else "\t" + line for line in cert.splitlines(True)),
            "empty lines": key + "\n\n" + cert + "\n\n",
            "empty lines within": key + cert.replace("\n", "\n\n"),
            "one long line": key + "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % middle.replace("\n", ""),
            "lines of 76": key + "-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % middle,
            "lines of 200": key + "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % wrapped(middle, 200),
            "end line missing": key + cert.replace("-----END CERTIFICATE-----\n", ""),
            "end line of another kind": key + cert.replace("END CERTIFICATE", "END X509 CERTIFICATE"),
            "begin line short of a dash": key + cert.replace("-----BEGIN", "----BEGIN"),
            "foreign characters in the content": key + cert.replace("MII", "M!II", 1),
            "padding lost": key + certs(padded).replace("=", ""),
            "X509 CERTIFICATE": key + cert.replace(" CERTIFICATE-", " X509 CERTIFICATE-"),
            "TRUSTED CERTIFICATE": key + cert.replace(" CERTIFICATE-", " TRUSTED CERTIFICATE-"),
            "SEC1 key": self.leaf_key.pem("traditional") + cert,
            "SEC1 key with its parameters": der.pem("EC PARAMETERS", der.oid("1.2.840.10045.3.1.7"))
            + self.leaf_key.pem("traditional")
            + cert,
            "PKCS#1 key": rsa_key.pem("traditional") + certs(self.leaf(key=rsa_key)),
            "encrypted key": self.leaf_key.pem("pkcs8", b"secret") + cert,
            "encrypted SEC1 key": self.leaf_key.pem("traditional", b"secret") + cert,
            "two keys, the right one first": key + self.key("P-256", "other").pem() + cert,
            "two keys, the right one last": self.key("P-256", "other").pem() + key + cert,
            "key of another certificate": self.key("P-256", "other").pem() + cert,
            "no key": cert,
            "no certificate": key,
            "empty": "",
            "DER": self.leaf(),
            "rubbish behind": key + cert + "rubbish\n",
            "certificate request behind": key + cert + der.pem("CERTIFICATE REQUEST", self.leaf()),
            "unknown PEM behind": key + cert + der.pem("SOMETHING", b"1234"),
            "damaged certificate behind": key + cert + der.pem("CERTIFICATE", b"1234"),
            "certificate with a byte behind": key + der.pem("CERTIFICATE", self.leaf() + b"\0"),
            "CRL behind": key + cert + der.pem("X509 CRL", self.leaf()),
        }
        for name, text in texts.items():
            yield Shape("encoding: " + name, text.encode("utf-8") if isinstance(text, str) else text, trust)
        right = (key + cert).encode()
        bundles: dict[str, bytes] = {
            "CRLF": trust.replace(b"\n", b"\r\n"),
            "BOM": b"\xef\xbb\xbf" + trust,
            "text before": b"The CA\n======\n" + trust,
            "no line end at the end": trust.rstrip(b"\n"),
            "spaces behind lines": trust.replace(b"\n", b" \n"),
            "end line missing": trust.replace(b"-----END CERTIFICATE-----\n", b""),
            "TRUSTED CERTIFICATE": trust.replace(b" CERTIFICATE-", b" TRUSTED CERTIFICATE-"),
            "X509 CERTIFICATE": trust.replace(b" CERTIFICATE-", b" X509 CERTIFICATE-"),
            "foreign characters in the content": trust.replace(b"MII", b"M!II", 1),
            "damaged certificate behind": trust + der.pem("CERTIFICATE", b"1234").encode(),
            "damaged certificate before": der.pem("CERTIFICATE", b"1234").encode() + trust,
            "empty": b"",
            "private key behind": trust + self.key("P-256", "other").pem().encode(),
        }
        for name, bundle in bundles.items():
            yield Shape("bundle: " + name, right, bundle)


def mersenne(one: int, other: int) -> rsa.RSAPrivateKey:
    """A key of two Mersenne primes, which is no secret, and of a size for which it takes long to find others."""
    p, q, e = (1 << one) - 1, (1 << other) - 1, 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)


def certs(*certificates: bytes) -> str:
    """Certificates in PEM."""
    return "".join(der.pem("CERTIFICATE", each) for each in certificates)


def wrapped(text: str, width: int) -> str:
    """Text in lines of a width."""
    text = text.replace("\n", "")
    return "\n".join(text[position : position + width] for position in range(0, len(text), width))
