using System.Globalization;
using System.Text;

namespace FleetOps.LlamaCpp.Sampling.Patterns;

/// <summary>Reads a regular expression. Only what describes a regular language is known; the rest is refused with its place.</summary>
internal sealed class PatternParser
{
    private const int MaxDepth = 64;
    private const int MaxRepetition = 1000;

    private static readonly PatternNode Anything = new PatternNode.Repetition(new PatternNode.Characters([], Negated: true), 0, null);

    private readonly int[] _text;
    private readonly bool _searches;
    private int _at;
    private int _depth;

    private PatternParser(string pattern, bool searches)
    {
        _text = [.. pattern.EnumerateRunes().Select(static rune => rune.Value)];
        _searches = searches;
    }

    /// <summary>Reads a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="searches">A match anywhere in a text is enough, unless anchors say otherwise; else the whole text has to match.</param>
    /// <exception cref="LlamaException">It cannot be read (<see cref="LlamaFault.InvalidGrammar"/>).</exception>
    public static PatternNode Parse(string pattern, bool searches = false)
    {
        var parser = new PatternParser(pattern, searches);
        var node = parser.ReadAlternatives();
        return parser._at == parser._text.Length ? node : throw parser.Refused("there is a ')' that closes nothing");
    }

    private bool IsEnd => _at == _text.Length;

    private int Current => IsEnd ? -1 : _text[_at];

    private PatternNode ReadAlternatives()
    {
        var choices = new List<PatternNode> { ReadSequence() };
        while (Current == '|')
        {
            _at++;
            choices.Add(ReadSequence());
        }

        return choices.Count == 1 ? choices[0] : new PatternNode.Alternatives(choices);
    }

    private PatternNode.Sequence ReadSequence()
    {
        var parts = new List<PatternNode>();
        if (Current == '^')
        {
            RequireTopLevel("an anchor inside a group");
            _at++;
        }
        else if (_searches && _depth == 0)
        {
            parts.Add(Anything);
        }

        var isOpen = _searches && _depth == 0;
        while (!IsEnd && Current is not ('|' or ')'))
        {
            if (Current == '$')
            {
                RequireTopLevel("an anchor inside a group");
                _at++;
                if (!IsEnd && Current != '|')
                {
                    throw Refused("something follows the anchor '$'");
                }

                isOpen = false;
                break;
            }

            parts.Add(ReadRepetition());
        }

        if (isOpen)
        {
            parts.Add(Anything);
        }

        return new PatternNode.Sequence(parts);
    }

    private PatternNode ReadRepetition()
    {
        var part = ReadPart();
        if (ReadQuantifier() is not { } bounds)
        {
            return part;
        }

        // Greedy or not, the same texts match.
        if (Current == '?')
        {
            _at++;
        }

        return Current is '*' or '+' or '?'
            ? throw Refused("a quantifier follows a quantifier")
            : new PatternNode.Repetition(part, bounds.Least, bounds.Most);
    }

    private (int Least, int? Most)? ReadQuantifier()
    {
        switch (Current)
        {
            case '*':
                _at++;
                return (0, null);
            case '+':
                _at++;
                return (1, null);
            case '?':
                _at++;
                return (0, 1);
            case '{':
                return ReadBounds();
            default:
                return null;
        }
    }

    // A brace that is no quantifier is a brace.
    private (int Least, int? Most)? ReadBounds()
    {
        var start = _at++;
        var least = ReadNumber();
        int? most = least;
        if (least is not null && Current == ',')
        {
            _at++;
            most = ReadNumber();
        }

        if (least is not { } number || Current != '}')
        {
            _at = start;
            return null;
        }

        _at++;
        return number > MaxRepetition || most > MaxRepetition ? throw Refused($"a repetition of more than {MaxRepetition} times")
            : most < number ? throw Refused("a repetition of at least more than at most")
            : (number, most);
    }

    private int? ReadNumber()
    {
        int? number = null;
        while (Current is >= '0' and <= '9')
        {
            number = Math.Min(((number ?? 0) * 10) + (Current - '0'), MaxRepetition + 1);
            _at++;
        }

        return number;
    }

    private PatternNode ReadPart()
    {
        switch (Current)
        {
            case '(':
                return ReadGroup();
            case '[':
                return ReadClass();
            case '.':
                _at++;
                return new PatternNode.Characters([('\n', '\n'), ('\r', '\r')], Negated: true);
            case '*' or '+' or '?':
                throw Refused("there is nothing to repeat");
            case '^':
                throw Refused("an anchor '^' inside the expression");
            case '\\':
                return ReadEscape() is { } set ? set : new PatternNode.Characters([Single(ReadEscapedCharacter())]);
            default:
                return new PatternNode.Characters([Single(_text[_at++])]);
        }
    }

    private PatternNode ReadGroup()
    {
        if (++_depth > MaxDepth)
        {
            throw Refused($"groups nested deeper than {MaxDepth}");
        }

        _at++;
        if (Current == '?')
        {
            ReadGroupKind();
        }

        var node = ReadAlternatives();
        if (Current != ')')
        {
            throw Refused("a group is not closed");
        }

        _at++;
        _depth--;
        return node;
    }

    private void ReadGroupKind()
    {
        _at++;
        if (Current == 'P')
        {
            _at++;
        }

        var kind = Current;
        var next = _at + 1 < _text.Length ? _text[_at + 1] : -1;
        if (kind == ':')
        {
            _at++;
            return;
        }

        if (kind != '<' || next is '=' or '!')
        {
            throw Refused("a look-around, a condition or an option, none of which a grammar can express");
        }

        while (Current != '>')
        {
            _at++;
            if (IsEnd)
            {
                throw Refused("the name of a group is not closed");
            }
        }

        _at++;
    }

    private PatternNode.Characters ReadClass()
    {
        _at++;
        var negated = Current == '^';
        if (negated)
        {
            _at++;
        }

        var ranges = new List<(int, int)>();
        while (Current != ']')
        {
            if (IsEnd)
            {
                throw Refused("a class is not closed");
            }

            if (Current == '\\' && ReadEscape() is { } set)
            {
                ranges.AddRange(set.Negated ? throw Refused("a negated set inside a class") : set.Ranges);
                continue;
            }

            ranges.Add(ReadRange());
        }

        _at++;
        return ranges.Count > 0 ? new PatternNode.Characters(ranges, negated) : throw Refused("an empty class");
    }

    private (int First, int Last) ReadRange()
    {
        var first = ReadClassCharacter();
        if (first == '-' && Current == '[')
        {
            throw Refused("a class subtracted from a class");
        }

        if (Current != '-' || _at + 1 >= _text.Length || _text[_at + 1] == ']')
        {
            return (first, first);
        }

        _at++;
        var last = Current == '\\' && ReadEscape() is not null ? throw Refused("a set as the end of a range") : ReadClassCharacter();
        return last >= first ? (first, last) : throw Refused("a range that ends before it begins");
    }

    private int ReadClassCharacter() => Current == '\\' ? ReadEscapedCharacter() : IsEnd ? throw Refused("a class is not closed") : _text[_at++];

    /// <summary>Reads an escape that stands for a set; leaves any other alone.</summary>
    private PatternNode.Characters? ReadEscape()
    {
        PatternNode.Characters? set = (_at + 1 < _text.Length ? _text[_at + 1] : -1) switch
        {
            'd' => new([('0', '9')]),
            'D' => new([('0', '9')], Negated: true),
            'w' => new([('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
            'W' => new([('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')], Negated: true),
            's' => new([('\t', '\r'), (' ', ' ')]),
            'S' => new([('\t', '\r'), (' ', ' ')], Negated: true),
            _ => null,
        };
        _at += set is null ? 0 : 2;
        return set;
    }

    private int ReadEscapedCharacter()
    {
        _at++;
        var character = IsEnd ? throw Refused("a '\\' at the end") : _text[_at++];
        return character switch
        {
            't' => '\t',
            'n' => '\n',
            'r' => '\r',
            'f' => '\f',
            'v' => '\v',
            'x' => ReadHexadecimal(2),
            'u' => ReadHexadecimal(4),
            >= '1' and <= '9' => throw Refused("a back-reference, which a grammar cannot express"),
            'b' or 'B' or 'A' or 'z' or 'Z' or 'G' => throw Refused("a border or an anchor, which a grammar cannot express"),
            _ when character < 128 && char.IsAsciiLetterOrDigit((char)character) => throw Refused($"the unknown escape '\\{(char)character}'"),
            _ => character,
        };
    }

    private int ReadHexadecimal(int digits)
    {
        var end = Math.Min(_at + digits, _text.Length);
        var text = string.Concat(_text[_at..end].Select(static value => value < 128 ? (char)value : '?'));
        if (text.Length < digits || !int.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value) || !Rune.IsValid(value) || value == 0)
        {
            throw Refused($"an escape without {digits} hexadecimal digits of a character");
        }

        _at = end;
        return value;
    }

    private void RequireTopLevel(string what)
    {
        if (_depth > 0)
        {
            throw Refused(what);
        }
    }

    private static (int First, int Last) Single(int character) => (character, character);

    private LlamaException Refused(string what) =>
        new(LlamaFault.InvalidGrammar, $"The regular expression cannot be turned into a grammar: {what} (at character {Math.Min(_at, _text.Length) + 1} of {_text.Length}).");
}
