"""An association profile file and what can be changed in it: see ``test_profile_file``."""

BASE = """\
[[TransferSyntaxes]]
[U]
TransferSyntax1=LittleEndianExplicit
TransferSyntax2=LittleEndianImplicit
[I]
TransferSyntax1=BigEndianExplicit
[[PresentationContexts]]
[C]
PresentationContext1=MRImageStorage\\U
PresentationContext2=CTImageStorage\\U
PresentationContext3=UltrasoundImageStorage\\I
PresentationContext4=VerificationSOPClass\\U
[[SCPSCURoleSelection]]
[R]
Role1=CTImageStorage\\SCP
Role2=MRImageStorage\\BOTH
[[ExtendedNegotiation]]
[E]
ExtendedNegotiation1=UltrasoundImageStorage\\0102
ExtendedNegotiation2=CTImageStorage\\0A0b0C
[[Profiles]]
[P]
PresentationContexts=C
SCPSCURoleSelection=R
ExtendedNegotiation=E
"""
MR, CT, US, VER = "PresentationContext1=MR", "PresentationContext2=CT", "3=Ultrasound", "PresentationContext4=Ver"
CT_LINE = "PresentationContext2=CTImageStorage\\U\n"
TWO = "Explicit\nTransferSyntax2"
MORE_CONTEXTS = "\n".join(f"PresentationContext{number}=1.2.3.{number}\\U" for number in range(5, 129))
MORE_SYNTAXES = "\n".join(f"TransferSyntax{number}=1.2.{number}" for number in range(2, 60))

CASES = {
    "as it is": (0, []),
    # comments
    "comment": (0, [(CT_LINE, "# hello [[X]]\n" + CT_LINE)]),
    "comment at the top": (0, [("[[T", "#\n# a = b\n[[T")]),
    "comment with an entry": (0, [(CT_LINE, "#PresentationContext2=x\n" + CT_LINE)]),
    "comment inside a key": (0, [("TransferSyntax1=L", "TransferSyntax\n# c\n1=L")]),
    "comment inside brackets": (0, [("[C]", "[C\n# ]\n]")]),
    "comment between brackets": (0, [("[[Prof", "[\n#\n[Prof")]),
    "indented comment behind a value": (9, [(CT_LINE, " # hello\n" + CT_LINE)]),
    "indented comment behind a header": (24, [("[C]\n", "[C]\n # hello\n")]),
    "indented comment with an equals sign": (0, [("[C]\n", "[C]\n # hello=1\n")]),
    "comment behind a value": (10, [(CT_LINE, "PresentationContext2=CTImageStorage\\U # x\n")]),
    "comment as a value": (10, [(CT_LINE, "PresentationContext2=# x\n")]),
    "semicolon": (25, [(CT_LINE, "; hello\n" + CT_LINE)]),
    "semicolon at the end": (0, [("=E\n", "=E\n; hello\n")]),
    # line ends and white space
    "CR LF": (0, [("\n", "\r\n")]),
    "CR": (0, [("\n", "\r")]),
    "CR CR LF": (0, [(TWO, "Explicit\r\r\nTransferSyntax2")]),
    "NUL": (0, [("[C]\n", "[C]\0\n")]),
    "NUL behind a reference": (0, [(CT_LINE, "PresentationContext2=CTImageStorage\\U\0\n")]),
    "NUL behind a name": (3, [("Explicit\n", "Explicit\0\n")]),
    "no line end at the end": (0, [("=E\n", "=E")]),
    "blank lines": (0, [("\n", "\n\n")]),
    "lines of blanks": (0, [("\n", "\n \t \n")]),
    "trailing blank": (3, [("Explicit\n", "Explicit \n")]),
    "trailing tab": (3, [("Explicit\n", "Explicit\t\n")]),
    "trailing blank behind a reference": (0, [(CT_LINE, "PresentationContext2=CTImageStorage\\U  \n")]),
    "trailing blank behind a profile's reference": (0, [("s=C\n", "s=C \t\n")]),
    "trailing blank behind a role": (15, [("\\SCP\n", "\\SCP \n")]),
    "trailing blank behind data": (19, [("0102\n", "0102 \n")]),
    "vertical tab in front of a key": (0, [("[U]\n", "[U]\n\x0b\x0c")]),
    "form feed in front of a header": (23, [("[C]\n", "\x0c[C]\n")]),
    "form feed in front of a value": (3, [("1=Little", "1= \x0cLittle")]),
    "not ASCII": (0, [("[C]\n", "[C\xe9]\n")]),
    "not ASCII in a reference": (23, [("s=C\n", "s=C\xe9\n")]),
    "no-break space in a reference": (10, [(CT_LINE, "PresentationContext2=CTImageStorage\\\xa0U\n")]),
    # indentation
    "indented key behind a header": (0, [("[U]\n", "[U]\n   ")]),
    "indented header behind a header": (0, [("]]\n[C]", "]]\n  [C]")]),
    "indented key behind a value": (3, [(TWO, "Explicit\n  TransferSyntax2")]),
    "key behind a tab": (3, [(TWO, "Explicit\n\tTransferSyntax2")]),
    "indented key behind a blank line": (3, [(TWO, "Explicit\n\n  TransferSyntax2")]),
    "indented key behind a line of blanks": (3, [(TWO, "Explicit\n   \n  TransferSyntax2")]),
    "indented key behind a comment": (3, [(TWO, "Explicit\n# c\n  TransferSyntax2")]),
    "indented section": (4, [("Implicit\n[I]", "Implicit\n [I]")]),
    "indented supersection": (1, [("[[Pres", "  [[Pres")]),
    "reference in an indented line": (0, [(CT_LINE, "PresentationContext2=CTImageStorage\\\n  U\n")]),
    "reference over two lines": (0, [("[C]", "[CX]"), ("s=C\n", "s=C\n X\n")]),
    "value in an indented line": (0, [("2=CT", "2=\n  CT")]),
    "value in the next line": (10, [("2=CT", "2=\nCT")]),
    "role over two lines": (15, [("\\SCP", "\\SC\n P")]),
    "data over two lines": (19, [("0102", "01\n 02")]),
    "unknown key over lines": (0, [("[P]\n", "[P]\nFoo=a\n b\n c\n")]),
    "known key in a continuation": (22, [("[P]\n", "[P]\nFoo=a\n ")]),
    # names
    "names with other characters": (0, [("[[Tr", "[[ ?tr. "), ("[C]", "[ c: ]"), ("2=CT", "(2)=CT"), ("[P]", "[p\n]")]),
    "slash and underscore count not alike": (1, [("[[Tran", "[[Tran_")]),
    "key over two lines": (0, [("TransferSyntax1=Li", "transfer\nsyntax 1=\tLi")]),
    "key with brackets": (0, [("[C]\n", "[C]\nfoo[bar]=1\n")]),
    "key without equals sign": (24, [("[C]\n", "[C]\nfoo\n")]),
    "key without equals sign at the end": (0, [("=E\n", "=E\nfoo")]),
    "three brackets": (0, [("[[TransferSyntaxes]]", "[[[TransferSyntaxes]]]")]),
    "brackets apart": (0, [("[[TransferSyntaxes]]", "[ \t[\n[TransferSyntaxes] x ] y ]")]),
    "one bracket closes": (9, [("[[TransferSyntaxes]]", "[[TransferSyntaxes]")]),
    "one bracket too many closes": (0, [("[C]", "[C]]")]),
    "one bracket too many opens": (23, [("[C]", "[[C]")]),
    "bracket never closed": (23, [("[C]", "[C")]),
    "header never closed": (22, [("[P]", "[P")]),
    "header closed in a comment": (22, [("[P]", "[P\n#]")]),
    "supersection never closed": (1, [("[[Profiles]]", "[[Profiles")]),
    "words behind a header": (23, [("[C]\n", "[C] xx\n")]),
    "key behind a header": (0, [("[C]\n", "[C] ")]),
    "byte order mark": (1, [("[[T", "\xef\xbb\xbf[[T")]),
    # what is read and what is not
    "gap": (25, [("PresentationContext3", "PresentationContext5")]),
    "nonsense behind a gap": (0, [(VER, "PresentationContext6=x\\y\nPresentationContext4=Ver")]),
    "leading zero": (24, [("PresentationContext2", "PresentationContext02")]),
    "from nought": (11, [("1=Big", "0=Big")]),
    "key twice": (0, [("TransferSyntax2=Little", "TransferSyntax1=Big")]),
    "key twice, the second broken": (0, [("TransferSyntax2=Little", "TransferSyntax1=xxx")]),
    "section twice": (0, [("[I]\n", "[U]\n"), ("\\I", "\\U")]),
    "contexts twice": (0, [("[[SCPSCU", "[C]\nPresentationContext1=1.2.3\\I\n[[SCPSCU")]),
    "roles twice": (0, [("[[Ext", "[R]\nRole1=UltrasoundImageStorage\\BOTH\n[[Ext")]),
    "roles twice with one class": (18, [("[[Ext", "[R]\nRole1=MRImageStorage\\BOTH\n[[Ext")]),
    "data twice with one class": (22, [("[[Prof", "[E]\nExtendedNegotiation1=CTImageStorage\\05\n[[Prof")]),
    "profile twice": (26, [("=E\n", "=E\n[ p ]\nPresentationContexts=C\n")]),
    "supersection twice": (0, [("=E\n", "=E\n[[Profiles]]\n[P]\nPresentationContexts=nothing\n")]),
    "unknown supersection": (0, [("[[T", "[[Foo]]\n[Bar]\nX=1\n[[T")]),
    "unknown key": (0, [("[P]\n", "[P]\nFoo=Bar\n")]),
    "key in front of all": (0, [("[[T", "Foo=1\n[[T")]),
    "section in front of all": (0, [("[[T", "[x]\nFoo=1\n[[T")]),
    "key in front of a section": (0, [("es]]\n[U]", "es]]\nTransferSyntax1=xx\n[U]")]),
    "list without entries": (0, [("[[Pres", "[X]\n[[Pres")]),
    "list without entries in use": (11, [("1=Big", "2=Big")]),
    # values
    "equals sign in front of a name": (0, [("2=CT", "2==CT")]),
    "two equals signs in front of a name": (10, [("2=CT", "2===CT")]),
    "equals sign in front of a UID": (4, [("LittleEndianImplicit", "=1.2.3")]),
    "UID": (0, [("4=VerificationSOPClass", "4=1.2.840.10008.1.1")]),
    "UID of nobody": (0, [("LittleEndianImplicit", "1.2.3")]),
    "UID with odd dots": (0, [("4=VerificationSOPClass", "4=.1..2.")]),
    "UID with a letter": (4, [("LittleEndianImplicit", "1.2x")]),
    "UID with a blank": (4, [("LittleEndianImplicit", "1.2.3 ")]),
    "long UID": (0, [("4=VerificationSOPClass", "4=" + "1." * 60 + "1")]),
    "small letters in a name": (4, [("LittleEndianImplicit", "littleEndianImplicit")]),
    "name in quotes": (4, [("LittleEndianImplicit", '"LittleEndianImplicit"')]),
    "name that nobody knows": (10, [("CTImageStorage\\U", "CTImagestorage\\U")]),
    "blank in front of the backslash": (10, [(CT_LINE, "PresentationContext2=CTImageStorage \\U\n")]),
    "no backslash": (10, [(CT_LINE, "PresentationContext2=CTImageStorage U\n")]),
    "no backslash in a role": (16, [("MRImageStorage\\BOTH", "MRImageStorageBOTH")]),
    "no backslash in data": (19, [("Storage\\0102", "Storage0102")]),
    "two backslashes": (10, [(CT_LINE, "PresentationContext2=CTImageStorage\\U\\I\n")]),
    "no value": (4, [("2=LittleEndianImplicit", "2=")]),
    "by byte order": (0, [("1=LittleEndianExplicit", "1=LocalEndianExplicit"), ("1=Big", "1=Opposite")]),
    "transfer syntax twice": (0, [(TWO, "Explicit\nTransferSyntax2=LittleEndianExplicit\nTransferSyntax3")]),
    "many transfer syntaxes": (0, [("TransferSyntax2=LittleEndianImplicit", MORE_SYNTAXES)]),
    "many classes": (0, [("[[SCPSCU", MORE_CONTEXTS + "\n[[SCPSCU")]),
    # references
    "reference in small letters": (0, [(CT_LINE, "PresentationContext2=CTImageStorage\\ u\n")]),
    "reference with another character": (10, [(CT_LINE, "PresentationContext2=CTImageStorage\\U.\n")]),
    "no such transfer syntaxes": (11, [("\\I", "\\J")]),
    "no such contexts": (23, [("s=C\n", "s=D\n")]),
    "no such roles": (24, [("=R\n", "=D\n")]),
    "no such extended negotiation": (25, [("=E\n", "=D\n")]),
    "no contexts": (22, [("PresentationContexts=C\n", "")]),
    "empty contexts": (23, [("s=C\n", "s=\n")]),
    "empty roles": (24, [("=R\n", "=\n")]),
    "empty extended negotiation": (25, [("=E\n", "= \n")]),
    "no roles": (0, [("SCPSCURoleSelection=R\n", "")]),
    "another profile broken": (27, [("=E\n", "=E\n[Q]\nPresentationContexts=X\n")]),
    # roles and data
    "role in small letters": (0, [("\\SCP", "\\scp"), ("\\BOTH", "\\Both")]),
    "blank in front of a role": (15, [("\\SCP", "\\ SCP")]),
    "unknown role": (16, [("\\BOTH", "\\NONE")]),
    "empty role": (16, [("\\BOTH", "\\")]),
    "role of a class that is not accepted": (24, [("2=CTImageStorage\\U", "2=1.2.3\\U")]),
    "class with two roles": (16, [("2=MRImageStorage\\B", "2=CTImageStorage\\B")]),
    "unused role of a class that is not accepted": (0, [("[[Ext", "[Q]\nRole1=1.2.3\\BOTH\n[[Ext")]),
    "class with two data": (20, [("Negotiation2=CT", "Negotiation2=Ultrasound")]),
    "blank in data": (19, [("0102", "01 02")]),
    "half a byte": (19, [("0102", "010")]),
    "no data": (19, [("0102", "")]),
    "no hexadecimal": (19, [("0102", "01zz")]),
    "prefix of hexadecimal": (19, [("0102", "0x01")]),
    "1023 bytes": (0, [("0102", "ab" * 1023)]),
    "1024 bytes": (19, [("0102", "ab" * 1024)]),
    # whole supersections
    "no transfer syntaxes": (1, [("[[TransferSyntaxes]]", "[[TransferSyntax]]")]),
    "no presentation contexts": (1, [("[[PresentationContexts]]", "[[PresentationContext]]")]),
    "no profiles": (1, [("[[Profiles]]", "[[Profile]]")]),
    "no role selection": (24, [("[[SCPSCURoleSelection]]", "[[ROLES]]")]),
    "no role selection, none wanted": (0, [("[[SCPSCURoleSelection]]", "[[ROLES]]"), ("SCPSCURoleSelection=R\n", "")]),
    "another order": (0, [(BASE[BASE.index("[[SCP") :], ""), ("[[T", BASE[BASE.index("[[SCP") :] + "[[T")]),
}  # fmt: skip
EVERYWHERE = ("\n",)
"""What is replaced more than once."""


def changed(edits):
    text = BASE
    for old, new in edits:
        assert old in text
        text = text.replace(old, new) if old in EVERYWHERE else text.replace(old, new, 1)
    return text
