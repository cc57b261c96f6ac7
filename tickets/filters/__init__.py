"""Filters of lists: the desk's condition language, asked of the database in one query.

`fields` says what an agent may ask about, `compiling` turns a parsed condition into one `Q`,
`reading` reads a condition from a URL or a form and says in words what is wrong with it.
"""
