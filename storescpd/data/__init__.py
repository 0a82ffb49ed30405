"""Tables: storage SOP classes, transfer syntaxes."""
