namespace FleetOps.ModelStore.Gguf;

/// <summary>Says what a file that is no GGUF probably is: most often a web page or a pointer that was downloaded in its place.</summary>
internal static class GgufMagic
{
    /// <summary>The first four bytes for people.</summary>
    public static string Describe(uint magic)
    {
        Span<char> text = stackalloc char[4];
        for (int i = 0; i < 4; i++)
        {
            char c = (char)((magic >> (8 * i)) & 0xFF);
            text[i] = c is >= ' ' and <= '~' ? c : '?';
        }

        return $"'{text}' (0x{magic:X8})";
    }

    /// <summary>What the bytes hint at, and what to do.</summary>
    public static string Guess(uint magic)
    {
        string start = Describe(magic)[1..5];
        return start switch
        {
            "vers" => "it looks like a Git LFS pointer: give the address of the file itself.",
            "{\"er" or "{\n  " or "{\"me" => "it looks like a JSON answer of a server: check the address.",
            ['<', ..] => "it looks like a web page: give the address of the file itself, not of a page about it.",
            ['P', 'K', ..] => "it is a ZIP archive (PyTorch?): convert the model to GGUF.",
            "ggml" or "ggjt" or "lmgg" or "tjgg" or "fmgg" => "it is a format older than GGUF: convert the model anew.",
            _ => "it is no GGUF file: check the address, or convert the model to GGUF.",
        };
    }
}
