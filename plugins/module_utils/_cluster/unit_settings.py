# Copyright (c) 2026 beam.tls_distribution contributors
# GNU General Public License v3.0 or later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lines that a user may add to the systemd unit of a node, as data: those that neither undo its sandbox nor what the role relies on.

Sources: systemd.unit(5), systemd.service(5), systemd.exec(5), systemd.kill(5), systemd.resource-control(5), systemd.time(7).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.beam.tls_distribution.plugins.module_utils._cluster.faults import Problem, listed

_SPAN = r"\d+(\.\d+)?\s*(usec|us|µs|msec|ms|seconds?|sec|s|minutes?|min|m|hours?|hr|h|days?|d|weeks?|w|months?|M|years?|y)?"
_PREFIX = r"[A-Za-z0-9:_.\\%-]+"
_UNIT = r"(%s(@[A-Za-z0-9:_.\\@%%-]*)?\.(path|service|socket|target|timer)|%s\.(automount|device|mount|scope|slice|swap))" % (
    _PREFIX,
    _PREFIX,
)
_PATH = r"/[^\s:]*"
_SIZE = r"(\d+(\.\d+)?[KMGTPE]?|\d+(\.\d+)?%|infinity)"

KINDS: dict[str, tuple[str, str]] = {
    "time": (r"(%s\s*)+|infinity" % _SPAN, "a time span such as 30s or 1min"),
    "count": (r"\d+", "a whole number"),
    "nice": (r"-20|-?1?\d", "a number from -20 to 19"),
    "adjustment": (r"-?(\d{1,3}|1000)", "a number from -1000 to 1000"),
    "priority": (r"[0-7]", "a number from 0 to 7"),
    "size": (_SIZE, "a number of bytes such as 512M, a percentage or infinity"),
    "limit": (r"%s(:%s)?" % (_SIZE, _SIZE), "a limit such as 65536 or infinity, or a soft and a hard one joined by a colon"),
    "tasks": (r"\d+%?|infinity", "a number, a percentage or infinity"),
    "weight": (r"[1-9]\d{0,3}|10000", "a weight from 1 to 10000"),
    "quota": (r"\d+(\.\d+)?%", "a percentage such as 150%"),
    "processors": (r"[\d\s,-]+|numa", "numbers of processors such as 0-3"),
    "flag": (r"(?i)yes|no|true|false|on|off|1|0", "true or false"),
    "units": (r"%s(\s+%s)*" % (_UNIT, _UNIT), "names of units such as postgresql.service"),
    "slice": (_PREFIX + r"\.slice", "the name of a slice such as system.slice"),
    "places": (r"%s(\s+%s)*" % (_PATH, _PATH), "absolute paths"),
    "paths": (r"[-+]?%s(\s+[-+]?%s)*" % (_PATH, _PATH), "absolute paths"),
    "directories": (r"[A-Za-z0-9_%][A-Za-z0-9_.%/-]*(\s+[A-Za-z0-9_%][A-Za-z0-9_.%/-]*)*", "relative names of directories"),
    "mode": (r"0?[0-7]{3}", "a mode such as 0750"),
    "device": (r"\S+ (%s|\d+)" % _SIZE, "a path and a number of bytes or operations"),
    "credential": (r"[A-Za-z0-9_.-]+(:%s)?" % _PATH, "a name and an absolute path joined by a colon"),
    "encrypted": (r"[A-Za-z0-9_.-]+:\s*[A-Za-z0-9+/=\s]+", "a name and what systemd-creds encrypted"),
    "level": (r"emerg|alert|crit|err|warning|notice|info|debug", "a level such as info"),
    "restart": (r"no|always|on-success|on-failure|on-abnormal|on-abort|on-watchdog", "a word such as on-failure"),
    "numa": (r"default|preferred|bind|interleave|local", "a word such as interleave"),
    "facility": (r"auth|authpriv|cron|daemon|ftp|lpr|mail|news|syslog|user|uucp|local[0-7]", "a facility such as daemon or local0"),
    "oom": (r"continue|stop|kill", "continue, stop or kill"),
    "policy": (r"other|batch|idle", "other, batch or idle"),
    "io": (r"best-effort|idle", "best-effort or idle"),
    "status": (r"[A-Z0-9]+(\s+[A-Z0-9]+)*", "exit codes or names of signals"),
    "calls": (r"~[@a-z0-9_:A-Z-]+(\s+[@a-z0-9_:A-Z-]+)*", "calls or groups that are forbidden as well, after a ~"),
    "addresses": (
        r"(https?://|file:|info:|man:)\S+(\s+(https?://|file:|info:|man:)\S+)*",
        "addresses such as https://www.erlang.org/ or man:erl(1)",
    ),
    "name": (r"[A-Za-z0-9_.@%-]+", "a name"),
    "text": (r".+", "a text"),
}
"""What values look like: a pattern and how it is described."""

_CONDITIONS = (
    "ACPower",
    "Architecture",
    "CPUFeature",
    "CPUs",
    "Capability",
    "ControlGroupController",
    "DirectoryNotEmpty",
    "Environment",
    "FileIsExecutable",
    "FileNotEmpty",
    "FirstBoot",
    "Group",
    "Host",
    "KernelCommandLine",
    "KernelVersion",
    "Memory",
    "NeedsUpdate",
    "OSRelease",
    "PathExists",
    "PathExistsGlob",
    "PathIsDirectory",
    "PathIsEncrypted",
    "PathIsMountPoint",
    "PathIsReadWrite",
    "PathIsSymbolicLink",
    "Security",
    "User",
    "Virtualization",
)


def _kinds(**names: str) -> dict[str, str]:
    return {name: kind for kind, found in names.items() for name in found.split()}


ALLOWED: dict[str, dict[str, str]] = {
    "Unit": {
        **_kinds(
            units="After Before BindsTo Conflicts OnFailure OnSuccess PartOf PropagatesReloadTo PropagatesStopTo ReloadPropagatedFrom "
            "Requires Requisite StopPropagatedFrom Upholds Wants",
            places="RequiresMountsFor WantsMountsFor",
            time="JobTimeoutSec JobRunningTimeoutSec StartLimitIntervalSec",
            count="StartLimitBurst",
            addresses="Documentation",
        ),
        **{kind + name: "text" for kind in ("Assert", "Condition") for name in _CONDITIONS},
    },
    "Service": _kinds(
        time="CPUQuotaPeriodSec LogRateLimitIntervalSec RestartMaxDelaySec RestartSec RuntimeMaxSec RuntimeRandomizedExtraSec TimeoutAbortSec "
        "TimeoutSec TimeoutStartSec TimeoutStopSec",
        count="LogRateLimitBurst RestartSteps",
        nice="Nice",
        adjustment="OOMScoreAdjust",
        priority="IOSchedulingPriority",
        size="MemoryHigh MemoryLow MemoryMax MemoryMin MemorySwapMax MemoryZSwapMax StartupMemoryHigh StartupMemoryLow StartupMemoryMax",
        limit="LimitAS LimitCPU LimitDATA LimitFSIZE LimitMEMLOCK LimitNOFILE LimitNPROC LimitRSS LimitSIGPENDING LimitSTACK",
        tasks="TasksMax",
        weight="CPUWeight IOWeight StartupCPUWeight StartupIOWeight",
        quota="CPUQuota",
        processors="AllowedCPUs AllowedMemoryNodes CPUAffinity NUMAMask",
        flag="IOAccounting IPAccounting MemoryAccounting TasksAccounting",
        slice="Slice",
        paths="InaccessiblePaths NoExecPaths ReadOnlyPaths ReadWritePaths",
        directories="CacheDirectory LogsDirectory StateDirectory",
        mode="CacheDirectoryMode LogsDirectoryMode StateDirectoryMode",
        device="IODeviceWeight IOReadBandwidthMax IOReadIOPSMax IOWriteBandwidthMax IOWriteIOPSMax",
        credential="ImportCredential LoadCredential LoadCredentialEncrypted",
        encrypted="SetCredentialEncrypted",
        level="LogLevelMax",
        restart="Restart",
        oom="OOMPolicy",
        policy="CPUSchedulingPolicy",
        io="IOSchedulingClass",
        status="RestartForceExitStatus RestartPreventExitStatus SuccessExitStatus",
        calls="SystemCallFilter",
        numa="NUMAPolicy",
        facility="SyslogFacility",
        name="AppArmorProfile SyslogIdentifier",
        text="LogExtraFields LogFilterPatterns",
    ),
}
"""What may be set in which section, and the kind of its values."""

_BESIDE = ("runs a command beside the node", "give it a unit of its own, and name that here in After, Wants or OnFailure")
_SANDBOX = ("would change the sandbox of the node", "remove it")
_ROLE = "is the role's own"
_WHOLE_HOST = ("acts on the whole host", "remove it")
REFUSED: tuple[tuple[str, tuple[str, str]], ...] = (
    (r"Exec(?!Paths|SearchPath).*", _BESIDE),
    (r"User|Group|DynamicUser|SupplementaryGroups|SetLoginEnvironment|PAMName", (_ROLE, "use erlang_account_name")),
    (r"(Set|Pass|Unset)?Environment(File)?", (_ROLE, "use erlang_node_environment")),
    (r"SetCredential", ("stands in the unit, which every account can read", "use LoadCredential or erlang_node_environment")),
    (
        r"Type|ExitType|NotifyAccess|PIDFile|BusName|GuessMainPID|RemainAfterExit|Sockets|RestartMode|FileDescriptorStore.*|OpenFile",
        ("is how systemd knows that the node is up", "remove it"),
    ),
    (r"WatchdogSec|WatchdogSignal", ("has systemd end a node that sends no signs of life, and nodes send none", "remove it")),
    (r"(Kill|RestartKill|FinalKill|Reload)Signal|KillMode|SendSIG.*", ("is how the node is ended in an orderly way", "remove it")),
    (r"WorkingDirectory|RuntimeDirectory.*|ConfigurationDirectory.*|UMask|LimitCORE|Description|DefaultDependencies", (_ROLE, "remove it")),
    (
        r"Root.*|Extension.*|Mount.*|Bind.*|TemporaryFileSystem|Private.*|Protect.*|ProcSubset|NoNewPrivileges|SecureBits|.*Capabilit.*|Restrict.*"
        r"|SystemCall.*|LockPersonality|MemoryDenyWriteExecute|RemoveIPC|KeyringMode|Personality|Device.*|.*Namespace.*|Delegate.*|.*Directories|ExecPaths"
        r"|ExecSearchPath|Smack.*|PermissionsStartOnly|Socket(Bind|.*).*|IPAddress.*|IP.*Path|BPFProgram|NFTSet",
        _SANDBOX,
    ),
    (r"Standard.*|TTY.*|Utmp.*|LogNamespace", ("takes the output away from the journal, where the role looks for it", "remove it")),
    (r".*(Failure|Success|StartLimit|JobTimeout|)Action.*|.*RebootArgument|.*JobMode|AllowIsolate|.*Isolate", _WHOLE_HOST),
    (
        r"WantedBy|RequiredBy|UpheldBy|Also|Alias|DefaultInstance",
        ("is for systemctl enable, and the role enables the unit itself", "remove it"),
    ),
)
"""What may not be set, by patterns of names: why, and what to do instead. Whatever is in neither list is refused as well."""

_NOT_WRITABLE = (
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
    "/var",
    "/var/lib",
)
_KEPT_WHOLE = (
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/proc",
    "/root",
    "/sbin",
    "/sys",
    "/usr",
    "/opt/erlang",
    "/run/systemd",
    "/var/lib/systemd",
)


def problems(settings: Any) -> Iterator[Problem]:
    """What is wrong with further lines of a unit: section -> directive -> value or list of values."""
    if not isinstance(settings, Mapping):
        yield Problem(settings, "is no mapping", "give sections of a unit, each with directives and their values")
        return
    for section, lines in settings.items():
        if section == "Install":
            yield Problem(section, "has no effect: the role enables the unit itself, and reads no section [Install]", "remove it")
        elif section not in ALLOWED:
            yield Problem(str(section), "is no section that may have further lines", "use %s" % listed(ALLOWED, " or "))
        elif not isinstance(lines, Mapping):
            yield Problem(section, "is no mapping", "give directives and their values")
        else:
            for directive, value in lines.items():
                yield from _of_directive(section, str(directive), value)


def _of_directive(section: str, directive: str, value: Any) -> Iterator[Problem]:
    kind = ALLOWED[section].get(directive)
    at = "%s.%s" % (section, directive)
    if kind is None:
        yield Problem(at, *_why_not(section, directive))
        return
    values = value if isinstance(value, list) else [value]
    if not values:
        yield Problem(at, "has no value", "remove it, or give %s" % KINDS[kind][1])
    for single in values:
        wrong = _of_value(directive, kind, single)
        if wrong is not None:
            yield Problem(at, *wrong)


def _why_not(section: str, directive: str) -> tuple[str, str]:
    for other, known in ALLOWED.items():
        if directive in known:
            return ("belongs into another section", "move it to %s" % other)
    for pattern, reason in REFUSED:
        if re.fullmatch(pattern, directive):
            return reason
    return ("is no directive that may be set here", "see the role's README for those that may be")


def _of_value(directive: str, kind: str, value: Any) -> tuple[str, str] | None:
    pattern, described = KINDS[kind]
    fix = "give %s" % described
    if value is None or isinstance(value, (dict, list)):
        return ("has no value" if value is None else "has a value that is no text", fix)
    text = str(value)
    if re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]", text) or text.endswith("\\"):
        return ("has a value that goes on in another line, or has control characters", "write it on one line")
    if re.search("%(?![A-Za-z%])", re.sub("%%", "", text)) and kind not in ("size", "quota", "tasks", "limit"):
        return ("has a value with a percent sign that begins no specifier", "write %%%% for a percent sign")
    if len(text) > 2000 or not re.fullmatch(pattern, text):
        return ("is set to %s" % _cut(text), fix)
    if kind in ("paths", "places"):
        return _of_paths(directive, [path.lstrip("-+") for path in text.split()])
    if kind == "directories" and any(posixpath.normpath(name) != name or name.startswith("..") for name in text.split()):
        return ("is set to %s" % _cut(text), fix)
    return None


def _cut(text: str) -> str:
    return "'%s'" % (text if len(text) <= 60 else text[:57] + "...")


def _of_paths(directive: str, paths: list[str]) -> tuple[str, str] | None:
    for path in paths:
        if posixpath.normpath(path) != path or path.startswith("//"):
            return ("is set to %s" % _cut(path), "give absolute paths without . or .. or a slash at the end")
        if directive == "ReadWritePaths" and (path in _NOT_WRITABLE or any(path.startswith(kept + "/") for kept in _KEPT_WHOLE)):
            return ("would let the node write to %s" % path, "give the directories of the application's own data")
    return None
