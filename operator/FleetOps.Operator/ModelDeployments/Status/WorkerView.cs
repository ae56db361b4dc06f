using FleetOps.Api;

namespace FleetOps.Operator.ModelDeployments.Status;

/// <summary>A worker as status sees it.</summary>
internal sealed record WorkerView
{
    public required string Pod { get; init; }

    public string? Node { get; init; }

    public required string Phase { get; init; }

    public DateTime? Since { get; init; }

    public long? FetchedBytes { get; init; }

    public long? TotalBytes { get; init; }

    public long? BytesPerSecond { get; init; }

    public long? SecondsLeft { get; init; }

    public Trouble? Trouble { get; init; }

    /// <summary>Whether it runs the spec as it is now.</summary>
    public bool IsCurrent { get; init; }

    public bool IsReady { get; init; }

    /// <summary>Whether its pod is over and done with: another one takes its place.</summary>
    public bool IsOver { get; init; }

    /// <summary>Whether it has been told to end.</summary>
    public bool IsEnding { get; init; }

    public WorkerStatus ToStatus() => new()
    {
        Pod = Pod,
        Node = Node,
        Phase = Phase,
        Since = Since,
        FetchedBytes = FetchedBytes,
        TotalBytes = TotalBytes,
        BytesPerSecond = BytesPerSecond,
        SecondsLeft = SecondsLeft,
        Reason = Trouble?.Reason,
        Message = Trouble is { } trouble ? Text.Cut(trouble.Message, MessageLength) : null,
    };

    private const int MessageLength = 1024;
}
