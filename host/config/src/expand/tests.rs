use super::{expand, references};

/// Expands with a = 1, b = $a, empty = "", name = text, loop = $pool, pool = $loop.
fn value(text: &str) -> Result<String, String> {
    let lookup = |name: &str, _: usize| {
        Ok(match name {
            "a" => Some("1"),
            "b" => Some("$a"),
            "empty" => Some(""),
            "hollow" => Some("$empty"),
            "level" => Some("3.6"),
            "loop" => Some("$pool"),
            "pool" => Some("$loop"),
            _ => None,
        }
        .map(str::to_string))
    };
    expand(text, &lookup, 0).map_err(|error| error.to_string())
}

#[test]
fn every_form_has_its_value() {
    let cases = [
        ("plain {text} (x) ?:", "plain {text} (x) ?:"),
        ("$a ${a} $(a) $b", "1 1 1 1"),
        ("$a.$a-$a/", "1.1-1/"),
        ("$ab|$undefined|", "||"),
        ("$$a $$$a $$$$", "$a $1 $$"),
        ("${a?yes}${a:no}", "yes"),
        ("${empty?yes}${empty:no}", "no"),
        ("${undefined?yes}${undefined:no}", "no"),
        ("${hollow?raw}", "raw"),
        ("${a?{x}:{y}}${empty?{x}:{y}}", "xy"),
        ("${a ? {x} : {y}}|${ a }|${a? z }", "x|1| z "),
        ("${a?{x}:y}${empty?{x}:y z}", "xy z"),
        ("${a??foo:{b}ar}", "?foo:{b}ar"),
        ("${a?$b ${empty:{${b}}}}", "1 1"),
        ("${{x} == {x}}${{x} != {x}}${{x} != {y}?{t}:{f}}", "truet"),
        ("${{10} < {9}?{t}:{f}}${{10x} < {9}?{t}:{f}}${{b}>={a}?{t}:{f}}", "ftt"),
        ("${{3.6} <level {3.10}?{t}:{f}}${{3.10} < {3.6}?{t}:{f}}", "tt"),
        ("${{$level} >=level {3.6}?{t}:{f}}${{$level} ==level {3.6.0}?{t}:{f}}", "tt"),
        ("${{$a} == {1} ? {$b is one} : {$}}", "1 is one"),
        ("ü${a}ü", "ü1ü"),
    ];
    for (text, expected) in cases {
        assert_eq!(value(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn errors_have_postfix_s_words() {
    let cases = [
        ("x${a", "truncated macro reference: \"x${a\""),
        ("x$(a", "truncated macro reference: \"x$(a\""),
        ("x${}", "empty macro name: \"x${}\""),
        ("x$-y", "empty macro name: \"x$-y\""),
        ("${a b}", "attribute name syntax error at: \"...a>>> b\""),
        ("${a?{x} y}", "\":\" expected at: \"...x}>>>y\""),
        ("${a?{x}:{y} z}", "unexpected input at: \"...y}>>>z\""),
        ("${{x} == {x} y}", "\"?\" or \":\" expected at: \"...}>>>y\""),
        ("${{x} == y}", "\"{expression}\" expected at: \"...{x} ==>>> y\""),
        ("$loop", "unreasonable macro call nesting: \"pool\""),
        ("${{x} <level {1}}", "malformed compatibility level syntax: \"x\""),
    ];
    for (text, expected) in cases {
        assert_eq!(value(text), Err(expected.to_string()), "{text}");
    }
}

#[test]
fn references_are_found_in_both_branches() {
    assert_eq!(references("$a ${b?$c ${d:{$e}}} $$f ${g?{$h}:{$i}}"), ["a", "b", "c", "d", "e", "g", "h", "i"]);
    assert_eq!(references("${{$a} == {$b} ? {$c} : {$d}}"), ["a", "b", "c", "d"]);
    assert_eq!(references("$a ${b c} $d"), ["a"]);
}
