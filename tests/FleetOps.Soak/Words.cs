using System.Text;

namespace FleetOps.Soak;

/// <summary>Texts that say nothing.</summary>
internal static class Words
{
    private static readonly string[] Pieces = ["the ", "cat ", "sees ", "a ", "red ", "ball; ", "7 ", "true ", "Grüße ", "雨 ", "\n", "why? "];

    /// <summary>A text of at most so many bytes, and of at least one.</summary>
    public static string Next(Random random, int bytes)
    {
        var text = new StringBuilder();
        for (var left = bytes; ;)
        {
            var piece = Pieces[random.Next(Pieces.Length)];
            left -= Encoding.UTF8.GetByteCount(piece);
            if (left < 0)
            {
                return text.Length > 0 ? text.ToString() : "m";
            }

            text.Append(piece);
        }
    }
}
