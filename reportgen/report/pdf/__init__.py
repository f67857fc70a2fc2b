"""From the text to a PDF: layout, drawings, tags, and checks that nothing is missing."""
