"""Certificates: those that are given, and those that a small authority of the project's own makes.

`certificate` reads and checks one, `internal` is the authority, `kept` has a certificate as files that change whole.
"""

from fairlead.certificates.certificate import Certificate, read_certificate
from fairlead.certificates.internal import InternalCa
from fairlead.certificates.kept import KeptCertificate

__all__ = ["Certificate", "InternalCa", "KeptCertificate", "read_certificate"]
