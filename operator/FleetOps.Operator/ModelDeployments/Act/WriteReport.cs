using FleetOps.Operator.ModelDeployments.Plan;

namespace FleetOps.Operator.ModelDeployments.Act;

/// <summary>What carrying out a plan came to. Filled by several writes at once.</summary>
internal sealed class WriteReport
{
    private readonly Lock _gate = new();
    private readonly List<WrittenChild> _written = [];

    /// <summary>The children that were written.</summary>
    public IReadOnlyList<WrittenChild> Written => _written;

    /// <summary>A refusal of the API server, the same one of several each time; null when there was none.</summary>
    public Obstacle? Refusal { get; private set; }

    /// <summary>Whether a child was made by someone since the stores last heard, so that the view was not a present one.</summary>
    public bool IsLate { get; private set; }

    public void Late()
    {
        lock (_gate)
        {
            IsLate = true;
        }
    }

    public void Wrote(WrittenChild child)
    {
        lock (_gate)
        {
            _written.Add(child);
        }
    }

    public void Refused(Obstacle refusal)
    {
        lock (_gate)
        {
            if (Refusal is null || string.CompareOrdinal(refusal.Message, Refusal.Message) < 0)
            {
                Refusal = refusal;
            }
        }
    }
}
