namespace FleetOps.LlamaCpp.Contexts;

/// <summary>Changes to a model's rotary positions; what is null is as the model's file says.</summary>
public sealed record RopeParameters
{
    private const float MaxFactor = 1024;

    /// <summary>How positions are stretched.</summary>
    public RopeScaling? Scaling { get; init; }

    /// <summary>How far positions are stretched: a context so many times as long as the model was trained for. 1 to 1024.</summary>
    public float? Factor { get; init; }

    /// <summary>Base of the frequencies, more than 0.</summary>
    public float? FrequencyBase { get; init; }

    /// <summary>Context that the model was trained for before it was stretched, in tokens; for <see cref="RopeScaling.Yarn"/>.</summary>
    public int? OriginalContextLength { get; init; }

    /// <summary>Why the parameters cannot be used; null when they can.</summary>
    internal string? Fault => 0 switch
    {
        _ when Scaling is { } scaling && !Enum.IsDefined(scaling) => $"Scaling is {scaling}; it can be {string.Join(", ", Enum.GetNames<RopeScaling>())}",
        _ when Factor is { } factor && factor is not (>= 1 and <= MaxFactor) => $"Factor is {factor}; it must be 1 to {MaxFactor}",
        _ when Factor > 1 && Scaling == RopeScaling.None => $"Factor is {Factor}, and Scaling is None, which stretches nothing; leave one of the two out",
        _ when FrequencyBase is { } frequency && !(frequency > 0 && float.IsFinite(frequency)) => $"FrequencyBase is {frequency}; it must be more than 0",
        _ when OriginalContextLength < 1 => $"OriginalContextLength is {OriginalContextLength}; it must be 1 or more",
        _ when OriginalContextLength is not null && Scaling is not null and not RopeScaling.Yarn => $"OriginalContextLength is {OriginalContextLength}, which only the scaling Yarn uses",
        _ => null,
    };
}
