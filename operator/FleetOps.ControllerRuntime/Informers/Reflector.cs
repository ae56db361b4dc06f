using System.Net;
using FleetOps.ControllerRuntime.Apply;
using FleetOps.ControllerRuntime.Metrics;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace FleetOps.ControllerRuntime.Informers;

/// <summary>
/// Lists and watches for one informer. Resumes from the last event or bookmark after every fault but expiry, which means a new list.
/// </summary>
internal sealed class Reflector<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private static readonly TimeSpan HealthyAfter = TimeSpan.FromSeconds(30);

    private readonly KubeApi _api;
    private readonly ResourceType<T> _type;
    private readonly InformerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly InformerMetrics _metrics;
    private readonly string _name;
    private readonly Lister<T> _lister;
    private readonly IReflectorTarget<T> _target;
    private readonly RetryDelay _delay;
    private readonly string? _namespace;
    private readonly string _collection;
    private readonly string _selectors;
    private string? _version;
    private bool _streaming = true;
    private long? _absentSince;

    public Reflector(KubeApi api, ResourceType<T> type, WatchScope scope, InformerOptions options, TimeProvider time, ILogger logger, InformerMetrics metrics, string name, IReflectorTarget<T> target)
    {
        _api = api;
        _type = type;
        _options = options;
        _time = time;
        _logger = logger;
        _metrics = metrics;
        _name = name;
        _target = target;
        _namespace = scope.Namespace;
        _collection = type.Path(scope.Namespace);
        _selectors = scope.Query;
        _lister = new Lister<T>(api, type, scope, options.PageSize, target.Prepare);
        _delay = new RetryDelay(options);
    }

    public string? Problem { get; private set; } = "not listed yet";

    public long Lists { get; private set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var pause = await CycleAsync(cancellationToken).ConfigureAwait(false);
                if (pause > TimeSpan.Zero)
                {
                    await Task.Delay(pause, _time, cancellationToken).ConfigureAwait(false);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>One list, one watch, or both in one stream; returns how long to wait before the next.</summary>
    private async Task<TimeSpan> CycleAsync(CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        try
        {
            if (_version is null && !await MayStreamAsync(cancellationToken).ConfigureAwait(false))
            {
                await ListAsync(cancellationToken).ConfigureAwait(false);
            }

            var events = await WatchAsync(cancellationToken).ConfigureAwait(false);
            // A server or proxy that ends watches at once must not be asked again and again.
            return events == 0 && _time.GetElapsedTime(started) < TimeSpan.FromSeconds(1) ? _delay.Next() : TimeSpan.Zero;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (StreamingListRefusedException e)
        {
            _streaming = false;
            InformerLog.StreamingListRefused(_logger, _name, e.Message);
            return TimeSpan.Zero;
        }
        catch (KubeApiException e) when (e.IsExpired)
        {
            InformerLog.Expired(_logger, _name, e.ServerMessage);
            _version = null;
            return _delay.Expired();
        }
        catch (KubeApiException e) when (e.IsNotFound)
        {
            return Absent(e);
        }
        catch (Exception e)
        {
            // Whatever it is, an informer goes on trying: nothing else would ever wake its controllers again.
            if (_time.GetElapsedTime(started) >= HealthyAfter)
            {
                _delay.Reset();
            }

            return Fault(e);
        }
    }

    private async Task<bool> MayStreamAsync(CancellationToken cancellationToken)
    {
        if (!_streaming)
        {
            return false;
        }

        // Servers before 1.27 do not know the parameter, and such a server sends events without ever saying that the list is whole.
        var (major, minor) = await _api.GetServerVersionAsync(cancellationToken).ConfigureAwait(false);
        return _streaming = major == 0 || (major, minor).CompareTo((1, 27)) >= 0;
    }

    private async Task ListAsync(CancellationToken cancellationToken)
    {
        var list = await _lister.ListAsync(cancellationToken).ConfigureAwait(false);
        foreach (var (key, fault) in list.Unreadable)
        {
            Malformed(key, fault);
        }

        Listed(list.Objects, list.Unreadable.Select(item => item.Key), list.ResourceVersion);
    }

    /// <summary>Watches from the known version on, or from a streaming list when there is none; returns the number of lines.</summary>
    private async Task<long> WatchAsync(CancellationToken cancellationToken)
    {
        var initial = _version is null ? new Dictionary<ObjectKey, T>() : null;
        var unreadable = new HashSet<ObjectKey>();
        using var watchdog = new SilenceWatchdog(initial is null ? _options.SilenceLimit : _options.StreamingListPatience, _time, cancellationToken);
        long lines = 0;
        try
        {
            await foreach (var line in WatchStream.ReadAsync(_api, _type, WatchPath(), watchdog, initial is null ? Well : static () => { }, cancellationToken).ConfigureAwait(false))
            {
                lines++;
                _delay.Reset();
                if (line.Fault is not null)
                {
                    Malformed(line.Key, line.Fault);
                }

                if (line.Entity is not null)
                {
                    _target.Prepare(line.Entity);
                }

                if (initial is null)
                {
                    Follow(line);
                }
                else if (line.Kind != WatchEventKind.Bookmark)
                {
                    Collect(line, initial, unreadable);
                }
                else
                {
                    if (!line.EndsInitialEvents)
                    {
                        throw new StreamingListRefusedException("a bookmark came before the end of the initial events");
                    }

                    Listed(initial, unreadable, line.ResourceVersion ?? throw new StreamingListRefusedException("the end of the initial events has no resource version"));
                    initial = null;
                    watchdog.Restart(_options.SilenceLimit);
                }
            }
        }
        catch (KubeApiException e) when (initial is not null && (e.IsInvalid || e.StatusCode == HttpStatusCode.InternalServerError))
        {
            // 500 is what a new server over an old etcd says, for ever.
            throw new StreamingListRefusedException(e.Message);
        }
        catch (TimeoutException) when (initial is not null && watchdog.Fired)
        {
            throw new StreamingListRefusedException($"the end of the initial events did not come within {_options.StreamingListPatience.TotalSeconds:0.#} s of silence");
        }

        return initial is null ? lines : throw new IOException("The streaming list broke off before it was whole.");
    }

    private static void Collect(WatchEvent<T> line, Dictionary<ObjectKey, T> initial, HashSet<ObjectKey> unreadable)
    {
        if (line.Kind == WatchEventKind.Deleted)
        {
            initial.Remove(line.Key);
        }
        else if (line.Entity is not null)
        {
            initial[line.Key] = line.Entity;
        }
        else
        {
            unreadable.Add(line.Key);
        }
    }

    private void Follow(WatchEvent<T> line)
    {
        _target.Observe(_namespace, line);
        _version = line.ResourceVersion ?? _version;
    }

    private void Listed(Dictionary<ObjectKey, T> objects, IEnumerable<ObjectKey> unreadable, string resourceVersion)
    {
        _target.Replace(_namespace, objects, [.. unreadable], resourceVersion);
        _version = resourceVersion;
        Lists++;
        _metrics.Listed(_type.ToString());
        Well();
        InformerLog.Listed(_logger, _name, objects.Count, resourceVersion);
    }

    private string WatchPath()
    {
        var seconds = (int)(_options.MinWatchDuration + (Jitter.Next() * (_options.MaxWatchDuration - _options.MinWatchDuration))).TotalSeconds;
        var from = _version is null ? "sendInitialEvents=true&resourceVersionMatch=NotOlderThan" : $"resourceVersion={Uri.EscapeDataString(_version)}";
        return $"{_collection}?watch=true&allowWatchBookmarks=true&{from}&timeoutSeconds={seconds}{_selectors}";
    }

    private void Well()
    {
        if (Problem is not null)
        {
            Problem = null;
            InformerLog.Well(_logger, _name);
        }

        _absentSince = null;
    }

    private void Malformed(ObjectKey key, Exception fault)
    {
        _metrics.Malformed(_type.ToString());
        InformerLog.Malformed(_logger, fault, _name, key);
    }

    private TimeSpan Absent(KubeApiException fault)
    {
        _absentSince ??= _time.GetTimestamp();
        if ((_options.Optional && !_target.HasListed(_namespace)) || _time.GetElapsedTime(_absentSince.Value) >= _options.AbsenceGrace)
        {
            // Without its definition no object of the kind can exist any more.
            if (_options.Optional || _target.HasListed(_namespace))
            {
                _target.Replace(_namespace, [], [], version: null);
            }

            _version = null;
        }

        Report($"the server does not know {_type} ({_type.ApiVersion}); install its CustomResourceDefinition if it has one", fault, warn: !_options.Optional);
        return _delay.Next(_options.MaxAbsentBackoff);
    }

    private TimeSpan Fault(Exception fault)
    {
        _metrics.WatchFault(_type.ToString());
        Report(fault.Message, fault, warn: true);
        var delay = _delay.Next();
        return fault is KubeApiException { RetryAfter: { } wanted } && wanted > delay ? wanted : delay;
    }

    private void Report(string problem, Exception fault, bool warn)
    {
        // Said aloud when it changes, not at each try: an outage of an hour is one line for each informer.
        var news = Problem != problem;
        Problem = problem;
        if (news && warn)
        {
            InformerLog.Troubled(_logger, fault, _name, problem);
        }
        else
        {
            InformerLog.StillTroubled(_logger, fault, _name, problem);
        }
    }
}
