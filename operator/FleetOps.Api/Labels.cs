namespace FleetOps.Api;

/// <summary>Labels and annotations that FleetOps writes.</summary>
public static class Labels
{
    /// <summary>Label of all children: the ModelDeployment they belong to. Selects the worker pods.</summary>
    public const string Model = "fleetops.dev/model";

    /// <summary>Annotation of the pod template: hash of all that makes a worker what it is.</summary>
    public const string TemplateHash = "fleetops.dev/template-hash";

    /// <summary>Annotation of the worker pods: the whole name of the ModelDeployment, which may be too long for a label.</summary>
    public const string ModelName = "fleetops.dev/model-name";

    /// <summary>Label of the Jobs of a ModelCache and of their pods: the ModelCache they belong to.</summary>
    public const string Cache = "fleetops.dev/cache";

    /// <summary>Annotation of the pods of a ModelCache: its whole name, which may be too long for a label.</summary>
    public const string CacheName = "fleetops.dev/cache-name";

    /// <summary>Annotation of the pods of a ModelCache: the Job that made them.</summary>
    public const string CacheJob = "fleetops.dev/cache-job";

    /// <summary>Kubernetes' recommended label: the application.</summary>
    public const string AppName = "app.kubernetes.io/name";

    /// <summary>Kubernetes' recommended label: the instance of the application.</summary>
    public const string AppInstance = "app.kubernetes.io/instance";

    /// <summary>Kubernetes' recommended label: the part within the application.</summary>
    public const string AppComponent = "app.kubernetes.io/component";

    /// <summary>Kubernetes' recommended label: the larger whole.</summary>
    public const string AppPartOf = "app.kubernetes.io/part-of";

    /// <summary>Kubernetes' recommended label: the tool that manages the object.</summary>
    public const string AppManagedBy = "app.kubernetes.io/managed-by";
}
