using System.Text;
using FleetOps.ModelStore.Http;

namespace FleetOps.ModelStore.Registry;

/// <summary>How a server wants to be asked: the scheme of a <c>WWW-Authenticate</c> header and its parameters.</summary>
/// <param name="Scheme"><c>Bearer</c> or <c>Basic</c>, in lower case.</param>
/// <param name="Parameters">The parameters, by their names in lower case.</param>
internal sealed record AuthenticationChallenge(string Scheme, IReadOnlyDictionary<string, string> Parameters)
{
    public const string Bearer = "bearer";
    public const string Basic = "basic";

    /// <summary>The challenge of an answer that can be met, tokens before passwords; null when there is none.</summary>
    public static AuthenticationChallenge? Of(HttpAnswer answer)
    {
        IEnumerable<AuthenticationChallenge> challenges = answer.Response.Headers.WwwAuthenticate
            .Select(static header => new AuthenticationChallenge(header.Scheme.ToLowerInvariant(), Read(header.Parameter ?? "")));
        return challenges
            .Where(static challenge => challenge.Scheme is Bearer or Basic)
            .OrderBy(static challenge => challenge.Scheme is Basic)
            .FirstOrDefault();
    }

    /// <summary>Reads <c>name="value", name=value</c>; what is no such pair is left out.</summary>
    public static Dictionary<string, string> Read(string text)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        int at = 0;
        while (at < text.Length)
        {
            int equals = text.IndexOf('=', at);
            if (equals < 0)
            {
                break;
            }

            string name = text[at..equals].Trim(' ', '\t', ',').ToLowerInvariant();
            (string value, at) = text.AsSpan(equals + 1).StartsWith("\"") ? Quoted(text, equals + 2) : Plain(text, equals + 1);
            parameters.TryAdd(name, value);
        }

        return parameters;
    }

    private static (string Value, int Next) Quoted(string text, int at)
    {
        var value = new StringBuilder();
        while (at < text.Length && text[at] != '"')
        {
            if (text[at] == '\\' && at + 1 < text.Length)
            {
                at++;
            }

            value.Append(text[at++]);
        }

        return (value.ToString(), at + 1);
    }

    private static (string Value, int Next) Plain(string text, int at)
    {
        int comma = text.IndexOf(',', at);
        int end = comma < 0 ? text.Length : comma;
        return (text[at..end].Trim(), end + 1);
    }
}
