"""What is built once and then promoted: source trees, artifacts, releases."""

from fairlead.artifacts.artifact import Artifact, ArtifactStore
from fairlead.artifacts.origin import describe_actor, describe_origin, speak_for
from fairlead.artifacts.release import Release, ReleaseStore, Unreadable
from fairlead.artifacts.source import SourceTree, scan

__all__ = [
    "Artifact", "ArtifactStore", "Release", "ReleaseStore", "SourceTree", "Unreadable", "describe_actor",
    "describe_origin", "scan", "speak_for",
]  # fmt: skip
