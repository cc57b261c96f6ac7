"""Files in, text with its place out.

    kinds.kind_of(name, content)         -> "pdf", "docx", ... by the bytes; raises `Refused`
    sandbox.extract(name, content)       -> Extracted, in a process that can be killed
    cut.cut(extracted.sections)          -> pieces that one vector can stand for

The readers (`pdf`, `office`, `plain`) run in the child alone: they meet files that strangers
wrote. Whatever goes wrong there is a `Refused(code)`.
"""
