using FleetOps.Api;

namespace FleetOps.Cluster.Tests.Crds;

public sealed partial class ValidationTests
{
    public static TheoryData<string> GoodWorkers =>
    [
        "model: {source: hf://o/r/f.gguf, license: {id: apache-2.0, accepted: false}}",
        "{model: {source: hf://o/r/f.gguf}, rollout: {maxSurge: 0, maxUnavailable: 1, progressDeadlineSeconds: 30, drainTimeoutSeconds: 3600}}",
        "{model: {source: hf://o/r/f.gguf}, rollout: {maxSurge: 25%, maxUnavailable: '0%'}}",
        "{model: {source: hf://o/r/f.gguf}, cache: {type: Ephemeral, sizeLimit: 20Gi}}",
        "{model: {source: hf://o/r/f.gguf}, cache: {type: PersistentVolumeClaim, claimName: weights, maxSize: 200Gi}}",
        "{model: {source: hf://o/r/f.gguf}, cache: {type: PersistentVolumeClaim, claimName: weights}}",
        "{model: {source: hf://o/r/f.gguf}, cache: {type: HostPath, path: /var/lib/models/..hidden}}",
        "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1, gpuProducts: [NVIDIA-L40S, NVIDIA-H100-80GB-HBM3], minGpuMemory: 22Gi}}",
        "{model: {source: hf://o/r/f.gguf}, resources: {gpuProducts: []}}",
        "{model: {source: hf://o/r/f.gguf}, placement: {nodeSelector: {disk: ssd}, tolerations: [{key: gpu, operator: Equal, value: a, effect: NoExecute, tolerationSeconds: 60}, {operator: Exists}], priorityClassName: high}}",
        "{model: {source: hf://o/r/f.gguf}, placement: {affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: Exists}]}]}}}}}",
        "{model: {source: hf://o/r/f.gguf}, placement: {topologySpreadConstraints: [{topologyKey: zone, whenUnsatisfiable: DoNotSchedule}, {topologyKey: zone, whenUnsatisfiable: ScheduleAnyway, maxSkew: 2}]}}",
        "{model: {source: hf://o/r/f.gguf}, service: {type: LoadBalancer, port: 443, annotations: {service.beta.kubernetes.io/aws-load-balancer-type: nlb}}}",
        "{model: {source: hf://o/r/f.gguf}, disruption: {minAvailable: 50%}}",
        "{model: {source: hf://o/r/f.gguf}, disruption: {minAvailable: 0}}",
        "{model: {source: hf://o/r/f.gguf}, pod: {labels: {team: chat}, annotations: {a/b: c}, image: 'registry:5000/worker@sha256:abc', imagePullSecrets: [{name: registry}], serviceAccountName: mine}}",
        "{model: {source: hf://o/r/f.gguf}, pod: {env: [{name: A}, {name: B, value: b}, {name: C, valueFrom: {secretKeyRef: {name: s, key: k.txt}}}, {name: D, valueFrom: {configMapKeyRef: {name: s, key: k, optional: true}}}]}}",
    ];

    public static TheoryData<string, string> BadWorkers => new()
    {
        { "model: {source: hf://o/r/f.gguf, license: {accepted: true}}", "spec.model.license.id" },
        { "{model: {source: hf://o/r/f.gguf}, rollout: {maxSurge: -1}}", "spec.rollout.maxSurge" },
        { "{model: {source: hf://o/r/f.gguf}, rollout: {maxSurge: '101%'}}", "spec.rollout.maxSurge" },
        { "{model: {source: hf://o/r/f.gguf}, rollout: {maxUnavailable: some}}", "spec.rollout.maxUnavailable" },
        { "{model: {source: hf://o/r/f.gguf}, rollout: {progressDeadlineSeconds: 29}}", "spec.rollout.progressDeadlineSeconds" },
        { "{model: {source: hf://o/r/f.gguf}, rollout: {drainTimeoutSeconds: 3601}}", "spec.rollout.drainTimeoutSeconds" },
        { "{model: {source: hf://o/r/f.gguf}, cache: {type: Memory}}", "spec.cache.type" },
        { "{model: {source: hf://o/r/f.gguf}, cache: {type: PersistentVolumeClaim, claimName: Weights}}", "spec.cache.claimName" },
        { "{model: {source: hf://o/r/f.gguf}, cache: {type: HostPath, path: models}}", "spec.cache.path" },
        { "{model: {source: hf://o/r/f.gguf}, cache: {type: HostPath, path: /var/../etc}}", "spec.cache.path" },
        { "{model: {source: hf://o/r/f.gguf}, cache: {type: HostPath, path: /}}", "spec.cache.path" },
        { "{model: {source: hf://o/r/f.gguf}, cache: {sizeLimit: lots}}", "spec.cache.sizeLimit" },
        { "{model: {source: hf://o/r/f.gguf}, cache: {type: HostPath, path: /m, maxSize: 1.5Gi}}", "spec.cache.maxSize" },
        { "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1, minGpuMemory: 24GB}}", "spec.resources.minGpuMemory" },
        { "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1, gpuProducts: [NVIDIA L40S]}}", "spec.resources.gpuProducts[0]" },
        { "{model: {source: hf://o/r/f.gguf}, placement: {tolerations: [{operator: In}]}}", "spec.placement.tolerations[0].operator" },
        { "{model: {source: hf://o/r/f.gguf}, placement: {affinity: none}}", "spec.placement.affinity" },
        { "{model: {source: hf://o/r/f.gguf}, placement: {topologySpreadConstraints: [{topologyKey: zone}]}}", "spec.placement.topologySpreadConstraints[0].whenUnsatisfiable" },
        { "{model: {source: hf://o/r/f.gguf}, placement: {topologySpreadConstraints: [{topologyKey: zone, whenUnsatisfiable: DoNotSchedule}, {topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]}}", "spec.placement.topologySpreadConstraints[1]" },
        { "{model: {source: hf://o/r/f.gguf}, service: {type: ExternalName}}", "spec.service.type" },
        { "{model: {source: hf://o/r/f.gguf}, service: {port: 0}}", "spec.service.port" },
        { "{model: {source: hf://o/r/f.gguf}, disruption: {}}", "spec.disruption.minAvailable" },
        { "{model: {source: hf://o/r/f.gguf}, disruption: {minAvailable: most}}", "spec.disruption.minAvailable" },
        { "{model: {source: hf://o/r/f.gguf}, pod: {labels: {team: not valid}}}", "spec.pod.labels" },
        { "{model: {source: hf://o/r/f.gguf}, pod: {env: [{value: a}]}}", "spec.pod.env[0].name" },
        { "{model: {source: hf://o/r/f.gguf}, pod: {env: [{name: A}, {name: A}]}}", "spec.pod.env[1]" },
        { "{model: {source: hf://o/r/f.gguf}, pod: {env: [{name: A, valueFrom: {secretKeyRef: {name: s}}}]}}", "spec.pod.env[0].valueFrom.secretKeyRef.key" },
        { "{model: {source: hf://o/r/f.gguf}, pod: {image: 'two words'}}", "spec.pod.image" },
        { "{model: {source: hf://o/r/f.gguf}, pod: {serviceAccountName: Mine}}", "spec.pod.serviceAccountName" },
    };

    public static TheoryData<string, string, string> BadTogetherWorkers => new()
    {
        { "{model: {source: hf://o/r/f.gguf}, rollout: {maxSurge: 0}}", "spec.rollout", SpecMessages.RolloutNeedsRoom },
        { "{model: {source: hf://o/r/f.gguf}, rollout: {maxSurge: '0%', maxUnavailable: 0}}", "spec.rollout", SpecMessages.RolloutNeedsRoom },
        { "{model: {source: hf://o/r/f.gguf}, cache: {type: PersistentVolumeClaim}}", "spec.cache", SpecMessages.CacheClaimName },
        { "{model: {source: hf://o/r/f.gguf}, cache: {claimName: weights}}", "spec.cache", SpecMessages.CacheClaimName },
        { "{model: {source: hf://o/r/f.gguf}, cache: {type: HostPath}}", "spec.cache", SpecMessages.CachePathNeedsHostPath },
        { "{model: {source: hf://o/r/f.gguf}, cache: {type: Ephemeral, path: /models}}", "spec.cache", SpecMessages.CachePathNeedsHostPath },
        { "{model: {source: hf://o/r/f.gguf}, cache: {type: PersistentVolumeClaim, claimName: weights, sizeLimit: 1Gi}}", "spec.cache", SpecMessages.CacheSizeLimitNeedsEphemeral },
        { "{model: {source: hf://o/r/f.gguf}, cache: {maxSize: 1Gi}}", "spec.cache", SpecMessages.CacheMaxSizeNeedsVolume },
        { "{model: {source: hf://o/r/f.gguf}, resources: {minGpuMemory: 22Gi}}", "spec.resources", SpecMessages.GpuSelectionNeedsGpu },
        { "{model: {source: hf://o/r/f.gguf}, resources: {gpuProducts: [NVIDIA-L40S]}}", "spec.resources", SpecMessages.GpuSelectionNeedsGpu },
        { "{model: {source: hf://o/r/f.gguf}, pod: {env: [{name: FLEETOPS_BACKEND, value: Cpu}]}}", "spec.pod.env[0].name", SpecMessages.EnvName },
        { "{model: {source: hf://o/r/f.gguf}, pod: {env: [{name: A, value: a, valueFrom: {secretKeyRef: {name: s, key: k}}}]}}", "spec.pod.env[0]", SpecMessages.EnvValueOrSource },
        { "{model: {source: hf://o/r/f.gguf}, pod: {env: [{name: A, valueFrom: {}}]}}", "spec.pod.env[0].valueFrom", SpecMessages.EnvOneSource },
    };

    public static TheoryData<string, string> BadWithCureWorkers => new()
    {
        { "{model: {source: hf://o/r/f.gguf}, rollout: {maxSurge: many}}", SpecMessages.MaxSurge },
        { "{model: {source: hf://o/r/f.gguf}, rollout: {maxUnavailable: many}}", SpecMessages.MaxUnavailable },
        { "{model: {source: hf://o/r/f.gguf}, disruption: {minAvailable: many}}", SpecMessages.MinAvailable },
        { "{model: {source: hf://o/r/f.gguf}, cache: {type: HostPath, path: /var/../etc}}", SpecMessages.CachePath },
        { "{model: {source: hf://o/r/f.gguf}, cache: {sizeLimit: 1TB}}", SpecMessages.CacheSizeLimit },
        { "{model: {source: hf://o/r/f.gguf}, resources: {gpus: 1, minGpuMemory: 24GB}}", SpecMessages.MinGpuMemory },
        { "{model: {source: hf://o/r/f.gguf}, service: {annotations: {fleetops.dev/a: b}}}", SpecMessages.ServiceAnnotations },
        { "{model: {source: hf://o/r/f.gguf}, pod: {labels: {fleetops.dev/model: other}}}", SpecMessages.PodLabels },
        { "{model: {source: hf://o/r/f.gguf}, pod: {labels: {app.kubernetes.io/name: other}}}", SpecMessages.PodLabels },
        { "{model: {source: hf://o/r/f.gguf}, pod: {annotations: {fleetops.dev/template-hash: other}}}", SpecMessages.PodAnnotations },
    };
}
