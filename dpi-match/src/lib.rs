//! Multi-literal scanner and bounded PCRE2: it does not know what a rule is
