using FleetOps.InferenceWorker.Engine.Requests;

namespace FleetOps.InferenceWorker.Services;

/// <summary>A request from its arrival to its end, as those see it who may end it early. Safe for use from any thread.</summary>
internal sealed class OpenRequest(string id, Action<OpenRequest> closed) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly List<Generation> _generations = [];

    /// <summary>Its id; not unique, because clients choose it.</summary>
    public string Id { get; } = id;

    /// <summary>Why it was ended early; the first reason stays.</summary>
    public EarlyEnd EndedEarly { get; private set; }

    /// <summary>Adds one of its generations, which ends at once if the request was ended already.</summary>
    public void Add(Generation generation)
    {
        bool ended;
        lock (_lock)
        {
            _generations.Add(generation);
            ended = EndedEarly != EarlyEnd.None;
        }

        if (ended)
        {
            generation.Cancel();
        }
    }

    /// <summary>Ends all of its generations; false if that was done before.</summary>
    public bool End(EarlyEnd reason)
    {
        Generation[] generations;
        lock (_lock)
        {
            if (EndedEarly != EarlyEnd.None)
            {
                return false;
            }

            EndedEarly = reason;
            generations = [.. _generations];
        }

        Array.ForEach(generations, static generation => generation.Cancel());
        return true;
    }

    /// <summary>Ends what is left and makes the request unknown.</summary>
    public void Dispose()
    {
        End(EarlyEnd.CallEnded);
        closed(this);
    }
}
