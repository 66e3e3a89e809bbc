"""Read the tables in files that are not plain text, each in a process of its own and within limits.

A workbook of one kilobyte can make a library ask for more memory than there is, and a JSON of brackets fill it. So
`confined.read_tables` starts `child`, which runs one reader (`workbook`, `webpage`, `objects`) and writes what it finds
as lines of JSON. Every cell is text. The child knows nothing of badges.
"""
