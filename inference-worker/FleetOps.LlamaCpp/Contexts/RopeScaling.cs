namespace FleetOps.LlamaCpp.Contexts;

/// <summary>How rotary positions are stretched for contexts longer than the model was trained for; the values are llama.cpp's.</summary>
public enum RopeScaling
{
    /// <summary>Not at all, also when the model's file says so.</summary>
    None = 0,

    /// <summary>All alike.</summary>
    Linear = 1,

    /// <summary>Slow rotations more than fast ones (YaRN).</summary>
    Yarn = 2,

    /// <summary>By factors in the model's file.</summary>
    LongRope = 3,
}
