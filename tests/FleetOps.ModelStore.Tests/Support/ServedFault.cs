namespace FleetOps.ModelStore.Tests.Support;

/// <summary>How a server fails one request.</summary>
public sealed record ServedFault
{
    public static ServedFault None { get; } = new();

    /// <summary>Answers this status and no file.</summary>
    public int? Status { get; init; }

    public string? RetryAfter { get; init; }

    /// <summary>Sends the client there.</summary>
    public Uri? RedirectTo { get; init; }

    /// <summary>Waits so many milliseconds in the middle of the body.</summary>
    public int DelayMilliseconds { get; init; }

    /// <summary>Closes the connection after so many bytes of the body.</summary>
    public int? CutAfter { get; init; }

    /// <summary>Flips a bit of the byte at this place of the file.</summary>
    public int? CorruptAt { get; init; }

    /// <summary>Claims this length of the body.</summary>
    public long? DeclareLength { get; init; }

    /// <summary>Tells no length.</summary>
    public bool Chunked { get; init; }

    /// <summary>Sends the whole file whatever part was asked for.</summary>
    public bool IgnoreRange { get; init; }

    /// <summary>Sends the part though the file is another one now.</summary>
    public bool IgnoreIfRange { get; init; }

    /// <summary>Claims in Content-Range to begin so many bytes later.</summary>
    public int ShiftRange { get; init; }

    /// <summary>Keeps the connection open and sends nothing more.</summary>
    public bool Stall { get; init; }
}
