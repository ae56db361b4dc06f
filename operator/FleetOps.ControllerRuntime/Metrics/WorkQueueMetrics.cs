using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using FleetOps.ControllerRuntime.WorkQueue;

namespace FleetOps.ControllerRuntime.Metrics;

/// <summary>One queue's figures under client-go's names. Fed under the queue's lock, read by the exporter under its own.</summary>
internal sealed class WorkQueueMetrics : IWorkQueueObserver<ObjectKey>
{
    private readonly Dictionary<ObjectKey, (long At, QueuePriority Priority)> _added = [];
    private readonly Dictionary<ObjectKey, long> _startedAt = [];
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TagList _tags;
    private readonly Counter<long> _adds;
    private readonly Counter<long> _retries;
    private readonly Histogram<double> _queueDuration;
    private readonly Histogram<double> _workDuration;

    public WorkQueueMetrics(IMeterFactory meters, string name, TimeProvider time)
    {
        _time = time;
        _tags = new TagList { { "name", name }, { "controller", name } };
        var meter = meters.Create(RuntimeMeter.Name);
        double[] buckets = [1e-6, 1e-5, 1e-4, 1e-3, .01, .1, 1, 10, 100, 1000];
        var advice = new InstrumentAdvice<double> { HistogramBucketBoundaries = buckets };
        _adds = meter.CreateCounter<long>("workqueue_adds_total", description: "Keys added to the queue.");
        _retries = meter.CreateCounter<long>("workqueue_retries_total", description: "Keys added again after a failure.");
        _queueDuration = meter.CreateHistogram("workqueue_queue_duration_seconds", description: "How long keys waited.", advice: advice);
        _workDuration = meter.CreateHistogram("workqueue_work_duration_seconds", description: "How long keys were worked on.", advice: advice);
        _adds.Add(0, _tags);
        _retries.Add(0, _tags);

        meter.CreateObservableGauge("workqueue_depth", Depths, description: "Keys that wait, by priority.");
        meter.CreateObservableGauge("workqueue_unfinished_work_seconds", () => new Measurement<double>(InWork().Sum(), _tags), description: "Seconds of work in progress, all workers together.");
        meter.CreateObservableGauge("workqueue_longest_running_processor_seconds", () => new Measurement<double>(InWork().DefaultIfEmpty().Max(), _tags), description: "Seconds that the longest work in progress has taken.");
    }

    public void Retried() => _retries.Add(1, _tags);

    public void Added(ObjectKey key, QueuePriority priority)
    {
        _adds.Add(1, _tags);
        lock (_gate)
        {
            _added[key] = (_time.GetTimestamp(), priority);
        }
    }

    public void Raised(ObjectKey key)
    {
        lock (_gate)
        {
            _added[key] = _added[key] with { Priority = QueuePriority.Normal };
        }
    }

    public void Started(ObjectKey key)
    {
        (long At, QueuePriority Priority) added;
        lock (_gate)
        {
            _startedAt[key] = _time.GetTimestamp();
            if (!_added.Remove(key, out added))
            {
                return;
            }
        }

        _queueDuration.Record(_time.GetElapsedTime(added.At).TotalSeconds, _tags);
    }

    public void Finished(ObjectKey key)
    {
        long started;
        lock (_gate)
        {
            if (!_startedAt.Remove(key, out started))
            {
                return;
            }
        }

        _workDuration.Record(_time.GetElapsedTime(started).TotalSeconds, _tags);
    }

    public void Dropped(ObjectKey key)
    {
        lock (_gate)
        {
            _added.Remove(key);
        }
    }

    private IEnumerable<Measurement<long>> Depths()
    {
        int low;
        int all;
        lock (_gate)
        {
            low = _added.Values.Count(key => key.Priority == QueuePriority.Low);
            all = _added.Count;
        }

        return [Depth(QueuePriority.Normal, all - low), Depth(QueuePriority.Low, low)];
    }

    private Measurement<long> Depth(QueuePriority priority, long depth) =>
        new(depth, [.. _tags, new("priority", ((int)priority).ToString(CultureInfo.InvariantCulture))]);

    private List<double> InWork()
    {
        lock (_gate)
        {
            return [.. _startedAt.Values.Select(started => _time.GetElapsedTime(started).TotalSeconds)];
        }
    }
}
