"""Optional libraries, for all that stands above `core`: imported by name, or the extra that brings them is named."""

from isthmus.core.errors import extra as extra
