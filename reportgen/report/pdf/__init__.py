"""From the text to a PDF: layout, drawings, tags, and what must not be missing."""
