"""The service's version: what `CHANGELOG.md` calls by this number."""

VERSION = "0.1.0"
